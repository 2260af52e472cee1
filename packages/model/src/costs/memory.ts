// Memory of one GPU in fine-tuning, by kind, and what would make a step fit that does not. Weights, gradients and
// optimizer state are what sharded-step.ts keeps, to the byte; activations are a model (activations.ts).
import type { LlmConfig, TrialConfig } from '@calm-orch/core';
import { activationsPerSample } from './activations.ts';
import { parameterCounts, type ModelConfig } from './costs.ts';
import type { SampleSizes } from './sizes.ts';

export interface TrainingSetup {
  readonly gpus: number;
  /** Adam's moments whole on every GPU, or each GPU with its share. */
  readonly optimizerState: 'replicated' | 'partitioned';
  /** All weights of the language model, or low-rank factors of its linear maps. The MFAM is always trained. */
  readonly finetune: 'full' | 'lora';
  readonly loraRank: number;
  /** bf16: float32 weights with a bfloat16 copy for the products, activations of two bytes; sums stay float32. */
  readonly precision: 'fp32' | 'bf16';
  readonly recompute: boolean;
  /** Samples a GPU computes at once. */
  readonly microBatch: number;
  /** Samples of a shard: each shard computed at once has a gradient of its own. */
  readonly shardSize: number;
}

export interface MemoryBytes {
  readonly weights: number;
  readonly gradients: number;
  readonly optimizer: number;
  readonly activations: number;
  readonly total: number;
}

/** Numbers in the factors of all seven linear maps of every layer, rank r: r x (inputs + outputs) each. */
export function loraParameters(llm: LlmConfig, rank: number): number {
  const { hiddenSize: d, mlpSize, numLayers } = llm;
  const keyValue = (d / llm.numHeads) * llm.numKeyValueHeads;
  return numLayers * rank * (4 * d + 2 * (d + keyValue) + 3 * (d + mlpSize));
}

/** Weights of MFAM and language model held, and those trained. */
export function heldAndTrained(model: ModelConfig, setup: Pick<TrainingSetup, 'finetune' | 'loraRank'>) {
  const { mfam, llm } = parameterCounts(model);
  if (setup.finetune === 'full') return { held: mfam + llm, trained: mfam + llm };
  const factors = loraParameters(model.llm, setup.loraRank);
  return { held: mfam + llm + factors, trained: mfam + factors };
}

export function trainingMemory(
  model: ModelConfig & Pick<TrialConfig, 'encode'>,
  sizes: SampleSizes,
  setup: TrainingSetup,
): MemoryBytes {
  const { held, trained } = heldAndTrained(model, setup);
  const half = setup.precision === 'bf16';
  // The frozen ViT computes in float32 where its hidden states are not stored.
  const vision = model.encode.store === 'none' ? parameterCounts(model).vision : 0;
  const weights = held * (half ? 6 : 4) + 4 * vision;
  const gradients = trained * 4 * Math.max(1, Math.floor(setup.microBatch / setup.shardSize));
  const optimizer = (2 * 4 * trained) / (setup.optimizerState === 'partitioned' ? setup.gpus : 1);
  const activations = setup.microBatch * activationsPerSample(model, sizes, setup.recompute) * (half ? 2 : 4);
  return { weights, gradients, optimizer, activations, total: weights + gradients + optimizer + activations };
}

/** The samples of a step one GPU computes, and those of a shard. */
export function shareOf(batchSize: number, stepShards: number, gpus: number) {
  const shardSize = batchSize / stepShards;
  return { shardSize, microBatch: shardSize * Math.max(1, Math.ceil(stepShards / gpus)) };
}

export interface Remedies {
  /** GPUs may be added, up to this factor. @default 1 */
  readonly gpuFactor?: number;
  readonly lora?: boolean;
}

/** Setups that change something, the mildest first: state shared, less at once, computed again, fewer weights, more GPUs. */
function* changed(setup: TrainingSetup, { gpuFactor = 1, lora = false }: Remedies): Iterable<TrainingSetup> {
  const microBatches: number[] = [];
  for (let micro = setup.microBatch; micro >= 1; micro = Math.floor(micro / 2)) microBatches.push(micro);
  for (let factor = 1; factor <= gpuFactor; factor *= 2)
    for (const finetune of lora ? (['lora'] as const) : [setup.finetune])
      for (const recompute of setup.recompute ? [true] : [false, true])
        for (const optimizerState of setup.optimizerState === 'partitioned'
          ? (['partitioned'] as const)
          : (['replicated', 'partitioned'] as const))
          for (const microBatch of microBatches) {
            // A smaller micro-batch is a smaller shard: one gradient at a time.
            const shardSize = Math.min(setup.shardSize, microBatch);
            const gpus = setup.gpus * factor;
            yield { ...setup, gpus, finetune, recompute, optimizerState, microBatch, shardSize };
          }
}

/** The first setup that fits, changing as little as it can; null where none of those allowed does. */
export function whatFits(
  model: ModelConfig & Pick<TrialConfig, 'encode'>,
  sizes: SampleSizes,
  setup: TrainingSetup,
  memoryBytes: number,
  remedies: Remedies = {},
): TrainingSetup | null {
  for (const candidate of changed(setup, remedies))
    if (trainingMemory(model, sizes, candidate).total <= memoryBytes) return candidate;
  return null;
}
