// Memory of one GPU in fine-tuning, by kind, and what would make a step fit that does not. Weights and optimizer state are
// what sharded-step.ts keeps, to the byte, gradients what step-functions.ts adds; activations are a model (activations.ts).
import { loraTargets, type TrialConfig } from '@calm-orch/core';
import { mfamShapes } from '../calm/mfam.ts';
import { llmShapes } from '../layers/llama.ts';
import { loraShapes } from '../layers/lora.ts';
import { statesOf } from '../layers/vision.ts';
import { bucketsOf } from '../training/buckets.ts';
import { sizeOf, type Shapes } from '../training/shard-gradients.ts';
import { sliceOf } from '../training/slices.ts';
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
  /** Samples of a step that a GPU computes, in calls of `microBatch`. */
  readonly samples: number;
  /** Samples a GPU computes at once. */
  readonly microBatch: number;
  readonly shardSize: number;
}

export interface MemoryBytes {
  readonly weights: number;
  readonly gradients: number;
  readonly optimizer: number;
  readonly activations: number;
  readonly total: number;
}

/** Of the MFAM, and of all weights of the language model or the factors of all seven linear maps of its layers. */
function trainedShapes(
  { vision, mfam, llm }: ModelConfig,
  { finetune, loraRank: rank }: Pick<TrainingSetup, 'finetune' | 'loraRank'>,
): Shapes {
  const ofLlm =
    finetune === 'full' ? llmShapes(llm) : loraShapes(llm, { rank, alpha: rank, targets: [...loraTargets] });
  return { ...mfamShapes(mfam, statesOf(vision), llm), ...ofLlm };
}

/** Weights of MFAM and language model held, and those trained. */
export function heldAndTrained(model: ModelConfig, setup: Pick<TrainingSetup, 'finetune' | 'loraRank'>) {
  const { llm } = parameterCounts(model);
  const trained = Object.values(trainedShapes(model, setup)).reduce((sum, shape) => sum + sizeOf(shape), 0);
  return { held: setup.finetune === 'full' ? trained : llm + trained, trained };
}

/**
 * The sum over the shards, one more for each level of the tree in which sums of calls wait, and of one bucket a gradient
 * for each shard computed at once: those of a bucket are added as soon as all of its parameters have theirs.
 */
function gradientNumbers(model: ModelConfig, setup: TrainingSetup, trained: number): number {
  const { gpus, optimizerState, samples, microBatch, shardSize } = setup;
  const sums = trained * (1 + Math.ceil(Math.log2(samples / microBatch)));
  const atOnce = Math.floor(microBatch / shardSize);
  if (atOnce <= 1) return sums;
  const numSlices = optimizerState === 'partitioned' ? gpus : 1;
  const slices = Array.from({ length: numSlices }, (_, rank) => sliceOf(trained, numSlices, rank));
  const buckets = bucketsOf(trainedShapes(model, setup), slices);
  return sums + atOnce * Math.max(...buckets.map(({ first, end }) => end - first));
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
  const gradients = 4 * gradientNumbers(model, setup, trained);
  const optimizer = (2 * 4 * trained) / (setup.optimizerState === 'partitioned' ? setup.gpus : 1);
  const activations = setup.microBatch * activationsPerSample(model, sizes, setup.recompute) * (half ? 2 : 4);
  return { weights, gradients, optimizer, activations, total: weights + gradients + optimizer + activations };
}

/** The samples of a step one GPU computes, and those of a shard. */
export function shareOf(batchSize: number, stepShards: number, gpus: number) {
  const shardSize = batchSize / stepShards;
  const samples = shardSize * Math.max(1, Math.ceil(stepShards / gpus));
  return { shardSize, samples, microBatch: samples };
}

export interface Remedies {
  /** GPUs may be added, up to this factor. @default 1 */
  readonly gpuFactor?: number;
  readonly lora?: boolean;
}

/** Setups that change something, the mildest first: state shared, less at once, computed again, fewer weights, more GPUs. */
function* changed(setup: TrainingSetup, { gpuFactor = 1, lora = false }: Remedies): Iterable<TrainingSetup> {
  for (let factor = 1; factor <= gpuFactor; factor *= 2) {
    const samples = Math.max(1, Math.floor(setup.samples / factor));
    const microBatches: number[] = [];
    for (let micro = Math.min(setup.microBatch, samples); micro >= 1; micro = Math.floor(micro / 2))
      microBatches.push(micro);
    for (const finetune of lora ? (['lora'] as const) : [setup.finetune])
      for (const recompute of setup.recompute ? [true] : [false, true])
        for (const optimizerState of setup.optimizerState === 'partitioned'
          ? (['partitioned'] as const)
          : (['replicated', 'partitioned'] as const))
          for (const microBatch of microBatches) {
            // Fewer samples at once, or on a GPU, are smaller shards.
            const shardSize = Math.min(setup.shardSize, microBatch);
            const gpus = setup.gpus * factor;
            yield { ...setup, gpus, finetune, recompute, optimizerState, samples, microBatch, shardSize };
          }
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
