// What all training stages of a CALM do alike: they open what they start from, train, and write the weights.
import type {
  LlmConfig,
  MfamConfig,
  PhotographSet,
  SampleList,
  ShardRange,
  StageContext,
  StageResult,
  TrainingConfig,
  TrialConfig,
} from '@calm-orch/core';
import { photographReader } from '@calm-orch/datasets';
import { startEngine, type Values } from '@calm-orch/engine';
import {
  fanInDeviation,
  initialWeights,
  mfamShapes,
  openFoundation,
  openStageTaps,
  readBatchAhead,
  tappedLayers,
  visualBatch,
  type Foundation,
  type Language,
  type StatesSize,
  type Taps,
  type Weights,
} from '@calm-orch/model';
import { padded, type AnswerText } from '../answers.ts';
import { languageOf, type LanguageConfig } from '../language.ts';
import { createCalmTraining, type CalmTraining } from './calm-training.ts';
import { fingerprintOf, select, writeWeights } from './model-weights.ts';
import { trainLoop, type StepInputs } from './train-loop.ts';

export interface TrainingStageConfig extends Pick<TrialConfig, 'prompt'> {
  readonly seed: number;
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly train: Omit<TrialConfig['train'], 'checkpointEverySeconds' | 'keepCheckpoints'>;
}

export interface StageInputs {
  readonly foundation: Foundation;
  readonly language: Language;
  readonly taps: Taps;
  /** Positions of photographs in the taps, by id. */
  readonly rowOf: ReadonlyMap<string, number>;
}

/** What `use` makes of the foundation and the hidden states of these photographs, which are open until then. */
export async function withInputs<T>(
  context: StageContext,
  config: LanguageConfig & { readonly mfam: Pick<MfamConfig, 'levels' | 'taps'> },
  photographs: readonly PhotographSet[],
  use: (inputs: StageInputs) => Promise<T>,
): Promise<T> {
  const foundation = openFoundation(context.inputs.foundation);
  const language = languageOf(config, foundation);
  const taps = await openStageTaps(context, photographs, tappedLayers(config.mfam), photographReader);
  try {
    return await use({ foundation, language, taps, rowOf: new Map(taps.ids.map((id, row) => [id, row])) });
  } finally {
    taps.close();
    foundation.close();
  }
}

/** Initial weights of an MFAM: a function of (seed, level) only. */
export function initialMfam(mfam: MfamConfig, taps: StatesSize, llm: LlmConfig, seed: number): Weights {
  const shapes = mfamShapes(mfam, taps, llm);
  return initialWeights(shapes, seed, mfam.initializer === 'fan_in' ? fanInDeviation : undefined);
}

/** What a model starts from: published weights, and initial ones of what has none. */
export function firstWeights(
  { foundation, taps }: StageInputs,
  { llm, seed }: TrainingStageConfig,
  mfam: MfamConfig,
): Weights {
  return {
    ...initialMfam(mfam, taps, llm, seed),
    ...foundation.mfam(mfam, taps, llm),
    ...foundation.llm(llm),
  };
}

/** Photographs, one or more a sample, and answers of a batch; `rows`: of the first, the second photographs. */
export function answerInputs(
  mfam: MfamConfig,
  taps: Taps,
  rows: readonly (readonly number[])[],
  answers: readonly AnswerText[],
  answerTokens: number,
): Record<string, Values> {
  const { ids, weights } = padded(answers, answerTokens);
  const visual = rows.map((row, image) => visualBatch(mfam, taps, row, image));
  return Object.assign({}, ...visual, { answer: ids, weights }) as Record<string, Values>;
}

export interface StageTraining extends Pick<CalmTraining, 'mfam' | 'trainable' | 'frozen' | 'forms'> {
  readonly training: TrainingConfig;
  readonly taps: Taps;
  /** Low-rank factors among the trainable. */
  readonly lora?: CalmTraining['lora'] | undefined;
  /** Where trained and frozen weights start. */
  readonly weights: () => Weights;
  /** Functions of the step alone: its inputs, and its photographs' positions in the taps, in the order of the inputs. */
  readonly inputsOf: (step: number) => StepInputs;
  readonly rowsOf: (step: number) => readonly number[];
  /** What samples are drawn from. */
  readonly lists: readonly SampleList[];
}

/** Of a stage that draws all of its samples from one list. */
export const oneList = ({ stage: { kind } }: StageContext, numSamples: number): SampleList[] => [
  { name: kind, numSamples, share: 1 },
];

/** The trained weights at the end of the stage's training. */
export async function trainStage(
  context: StageContext,
  { llm, train }: TrainingStageConfig,
  stage: StageTraining,
): Promise<Weights> {
  const { mfam, trainable, frozen, forms, lora, taps, training, rowsOf } = stage;
  const sharded = createCalmTraining(await startEngine(), {
    mfam,
    llm,
    trainable,
    frozen,
    forms,
    taps,
    batchSize: training.batchSize,
    numShards: train.stepShards,
    options: train,
    ...(lora && { lora }),
  });
  const ownRows = (step: number, { first, end }: ShardRange): readonly number[] => {
    const rows = rowsOf(step);
    const perShard = rows.length / train.stepShards;
    return rows.slice(first * perShard, end * perShard);
  };
  try {
    sharded.setWeights(select(stage.weights(), { ...trainable, ...frozen }));
    await trainLoop(
      context,
      sharded,
      training,
      async (step, own) => {
        await taps.prepare?.(ownRows(step, own), rowsOf(step));
        return stage.inputsOf(step);
      },
      (step, own) => readBatchAhead(mfam, taps, ownRows(step, own)),
      (step) => rowsOf(step).map((row) => taps.ids[row]!),
      stage.lists,
    );
    return sharded.weights();
  } finally {
    sharded.dispose();
  }
}

/** Writes model.safetensors of what was trained, and of what stayed as it was beside it. */
export function stageResult(context: StageContext, trained: Weights, beside: Weights = {}): StageResult {
  writeWeights(context.outputDir, { ...beside, ...trained });
  return { fingerprint: fingerprintOf(trained) };
}
