// What a configuration costs, for `plan`, as numbers: parameters, arithmetic, memory per GPU by kind, bytes exchanged
// and time. costs-text.ts writes them.
import type { Experiment, TrialConfig } from '@calm-orch/core';
import type { MemoryBytes, PerModule, StageFlops, TrainingSetup } from '@calm-orch/model';

export interface MemoryRow extends MemoryBytes {
  readonly setup: TrainingSetup;
  readonly fits: boolean;
}

export interface Costs {
  readonly preset: TrialConfig['preset'];
  readonly parameters: PerModule;
  readonly flopsPerImage: readonly ({ readonly imageSize: number } & PerModule)[];
  readonly gpus: number;
  readonly gpuMemoryGb: number;
  /** Tokens of a sample of commenting fine-tuning, the largest step. */
  readonly tokens: number;
  readonly memory: readonly MemoryRow[];
  /** What fits instead of full fine-tuning as configured: all weights still trained; factors only; null: nothing tried does. */
  readonly remedies: {
    readonly asItIs: boolean;
    readonly full: MemoryRow | null;
    readonly lora: MemoryRow | null;
    readonly moreGpus: MemoryRow | null;
  };
  /** What one trainer receives in a step of fine-tuning; none where it is alone. */
  readonly exchange: readonly Exchange[];
  /** Of a checkpoint of full fine-tuning: weights and both moments. */
  readonly checkpoint: { readonly bytes: number; readonly seconds: number | null };
  readonly stageFlops: readonly StageFlops[];
  readonly gflops: { readonly value: number; readonly source: 'measured' | 'given' } | null;
}

export interface Exchange {
  readonly how: 'replicated' | 'partitioned' | 'LoRA';
  readonly bytesPerStep: number;
  /** Null: the rate of the link is not known. */
  readonly secondsPerStep: number | null;
  /** Of all steps of commenting fine-tuning. */
  readonly secondsPerStage: number | null;
}

export interface Machine {
  readonly gpus: number;
  readonly gpuMemoryGb: number;
  /** Rate of one GPU (or of this processor), if it is known. */
  readonly gflops: Costs['gflops'];
  /** Gbit/s at which a trainer receives from the others. */
  readonly linkGbps?: number | undefined;
  /** GB/s at which checkpoints are written. */
  readonly diskGbs?: number | undefined;
}

/** A weight and its two moments. */
const numbersPerTrained = 3;

/** Rank of the factors that LoRA is priced with. */
const loraRank = 64;

export async function costsOf(
  config: TrialConfig,
  { gpus, gpuMemoryGb, gflops, linkGbps, diskGbs }: Machine,
): Promise<Costs> {
  const model = await import('@calm-orch/model');
  const imageSizes = config.preset === 'paper' ? [224, 336] : [config.vision.imageSize];
  const { batchSize } = config.finetuneComment;
  // The longest sample: a comment, or questions, with datasets of one's own also about two photographs.
  const { questions, evaluate, data } = config;
  const isCompared = questions.use && data.source === 'files' && questions.mix.comparisons !== 0;
  const answer = Math.max(evaluate.maxCommentTokens, questions.use ? questions.maxTokens : 0);
  const sizes = model.sampleSizes(config, answer, isCompared ? 2 : 1);
  const base: TrainingSetup = {
    gpus,
    optimizerState: 'replicated',
    finetune: 'full',
    loraRank,
    precision: 'fp32',
    recompute: false,
    ...model.shareOf(batchSize, config.train.stepShards, gpus),
  };
  const limit = gpuMemoryGb * 1e9;
  const rowOf = (setup: TrainingSetup): MemoryRow => {
    const bytes = model.trainingMemory(config, sizes, setup);
    return { setup, ...bytes, fits: bytes.total <= limit };
  };
  const kinds = [
    { optimizerState: 'replicated', finetune: 'full' },
    { optimizerState: 'partitioned', finetune: 'full' },
    { optimizerState: 'replicated', finetune: 'lora' },
  ] as const;
  const shared = kinds.filter(({ optimizerState }) => gpus > 1 || optimizerState === 'replicated');
  const memory = shared.flatMap((kind) =>
    (['fp32', 'bf16'] as const).flatMap((precision) =>
      [false, true].map((recompute) => rowOf({ ...base, ...kind, precision, recompute })),
    ),
  );
  const remedy = (allowed: Parameters<typeof model.whatFits>[4]): MemoryRow | null => {
    const found = model.whatFits(config, sizes, base, limit, allowed);
    return found && rowOf(found);
  };
  const { trained } = model.heldAndTrained(config, base);
  const factors = model.heldAndTrained(config, { finetune: 'lora', loraRank }).trained;
  const exchanged = (how: Exchange['how'], numbers: number): Exchange => {
    const optimizerState = how === 'partitioned' ? how : 'replicated';
    const bytesPerStep = model.bytesReceivedPerStep(numbers, { gpus, optimizerState });
    const secondsPerStep = linkGbps === undefined ? null : (8 * bytesPerStep) / (linkGbps * 1e9);
    const secondsPerStage = secondsPerStep === null ? null : secondsPerStep * config.finetuneComment.steps;
    return { how, bytesPerStep, secondsPerStep, secondsPerStage };
  };
  return {
    preset: config.preset,
    parameters: model.parameterCounts(config),
    flopsPerImage: imageSizes.map((imageSize) => ({ imageSize, ...model.flopsPerImage(config, imageSize) })),
    gpus,
    gpuMemoryGb,
    tokens: sizes.tokens,
    memory,
    remedies: {
      asItIs: memory[0]!.fits,
      full: remedy({}),
      lora: remedy({ lora: true }),
      moreGpus: remedy({ gpuFactor: 64 }),
    },
    exchange:
      gpus === 1
        ? []
        : [exchanged('replicated', trained), exchanged('partitioned', trained), exchanged('LoRA', factors)],
    checkpoint: {
      bytes: numbersPerTrained * 4 * trained,
      seconds: diskGbs === undefined ? null : (numbersPerTrained * 4 * trained) / (diskGbs * 1e9),
    },
    stageFlops: model.trialFlops(config),
    gflops,
  };
}

/** The configuration with the most parameters among all rows; of equal ones the first. */
export async function largestConfig(experiments: readonly Experiment[]): Promise<TrialConfig> {
  const { parameterCounts } = await import('@calm-orch/model');
  const configs = experiments.flatMap(({ rows, seeds }) => rows.map((row) => row.fullConfig(seeds[0]!)));
  const size = (config: TrialConfig): number => {
    const { vision, mfam, llm } = parameterCounts(config);
    return vision + mfam + llm;
  };
  return configs.reduce((largest, config) => (size(config) > size(largest) ? config : largest));
}
