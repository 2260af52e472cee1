// A rehearsal goes through all of a run with almost no arithmetic: widths of models, photographs and steps shrink; depth of
// the ViT, patches, taps, queries, template, tokenizer, losses and read-outs stay. What it changes of a trial is a pure
// function of the trial and of what its models are, and is stored with the run.
import { hashOf, type Json } from '../order/canonical.ts';
import { trainingStages } from './budgets.ts';
import type { LlmConfig, TrialConfig, VisionConfig } from './schema.ts';

/** What a trial's pretrained models are, read from where they are named. */
export interface RehearsalModels {
  /** Folder in which tiny ones are made. */
  readonly dir: string;
  /** Of the named folder's config.json; null: none is named. */
  readonly vision: VisionConfig | null;
  readonly llm: LlmConfig | null;
  /** Folder whose tokenizer is kept, and what identifies its content; null: a small one is made. */
  readonly tokenizer: { readonly dir: string; readonly sha256: string } | null;
  /** Parts that no folder is named for are in one file of this program's own, with the words of the embedded data. */
  readonly isOwnFile: boolean;
  /** Pieces of the tokenizer that is made. */
  readonly vocabSize: number;
}

/** A tiny random checkpoint: CLIP's or LLaMA's folder, or this program's one file of both. */
export type MadeModel = {
  readonly path: string;
  readonly vision: VisionConfig | null;
  readonly llm: LlmConfig | null;
  /** Folder the tokenizer is copied from; null: it is made, or the file needs none. */
  readonly tokenizer: string | null;
};

export type Rehearsed = {
  /** Overrides by dotted key, after all others. */
  readonly set: { readonly [key: string]: Json };
  readonly made: readonly MadeModel[];
};

/** A named model this narrow is used as it is. */
const tinyWidth = 128;
/** Two heads of 16. */
const narrow = { hiddenSize: 32, numHeads: 2, mlpSize: 64 } as const;
/** Layers of the language model where the trial is not the paper's own. */
const fewLayers = 4;
const steps = 3;
/** Of commenting with questions: so many that each set of them has one. */
const stepsWithQuestions = 16;

/** The most of each, by dotted key. */
const most = {
  'data.numTrain': 64,
  'data.numTest': 16,
  'data.numVal': 16,
  'data.numUnlabeled': 32,
  'data.numGeneric': 32,
  // Half of them are shared out among eleven sources, two each.
  'data.numQuestions': 44,
  'comments.numPhotographs': 64,
  'personal.train.annotators': 8,
  'personal.train.photos': 60,
  'personal.train.ratings': 20,
  'personal.test.annotators': 2,
  'personal.test.photos': 120,
  // Fewer would make no test annotator (105 to 171).
  'personal.test.ratings': 110,
  // Of the named FLICKR-AES; enough for those that join, a context and a few to ask about.
  'personal.maxAnnotators': 8,
  'personal.maxRatings': 20,
  'personal.repeats': 2,
  'evaluate.batchSize': 16,
  'evaluate.numComments': 8,
} as const;

/**
 * @param base The trial without what its row sets: one that trains the same keeps all layers of the language model.
 */
export function rehearse(trial: TrialConfig, base: TrialConfig, models: RehearsalModels): Rehearsed {
  const vision = visionOf(trial, base, models);
  const llm = llmOf(trial, base, models);
  const made = [vision.made, llm.made, ownFile(vision.sizes, llm.sizes, models)].filter((one) => one !== null);
  const placeOf = (part: 'vision' | 'llm', named: string | null): string | null =>
    made.find((one) => one[part] !== null && (one.vision === null || one.llm === null))?.path ?? named;
  const file = made.find((one) => one.vision !== null && one.llm !== null);
  const { imageSize: _, ...sizes } = vision.sizes;
  return {
    made,
    set: {
      ...under('vision', sizes),
      ...under('llm', llm.sizes),
      ...under('mfam', narrow),
      ...(trial.mfam.projectorSize !== null && { 'mfam.projectorSize': narrow.mlpSize }),
      'foundation.vision': placeOf('vision', trial.foundation.vision),
      'foundation.llm': placeOf('llm', trial.foundation.llm),
      ...(file && { 'foundation.checkpoint': file.path }),
      // That of the full trial, whose photographs are many.
      'encode.store': trial.encode.store,
      // Published seeds of the MFAM have the published widths.
      'foundation.qformer': null,
      'foundation.projector': null,
      // Sizes say nothing of a handful.
      ...under(
        'questions.mix',
        Object.fromEntries(Object.entries(trial.questions.mix).map(([set, share]) => [set, share === 0 ? 0 : 1])),
      ),
      ...Object.fromEntries(
        Object.entries(most).map(([key, value]) => [key, Math.min(value, numberAt(trial, key) ?? value)]),
      ),
      ...Object.fromEntries(
        trainingStages.flatMap((stage) => [
          [
            `${stage}.steps`,
            Math.min(
              stage === 'finetuneComment' && trial.questions.use ? stepsWithQuestions : steps,
              trial[stage].steps,
            ),
          ],
          [`${stage}.batchSize`, trial.train.stepShards],
        ]),
      ),
    },
  };
}

interface Part<Sizes> {
  readonly sizes: Sizes;
  /** null: it is read where it is named, or from the one file. */
  readonly made: MadeModel | null;
}

function visionOf({ vision }: TrialConfig, base: TrialConfig, models: RehearsalModels): Part<VisionConfig> {
  const named = models.vision;
  if (named !== null && named.hiddenSize <= tinyWidth) return { sizes: named, made: null };
  const sizes = { ...(named ?? vision), imageSize: (named ?? base.vision).imageSize, ...narrow };
  return { sizes, made: named === null && models.isOwnFile ? null : madeModel(models, sizes, null) };
}

function llmOf(trial: TrialConfig, base: TrialConfig, models: RehearsalModels): Part<LlmConfig> {
  const named = models.llm;
  const full = named ?? trial.llm;
  // Of a model with more layers the first are read.
  const numLayers = trainsAs(trial) === trainsAs(base) ? full.numLayers : Math.min(fewLayers, full.numLayers);
  if (named !== null && named.hiddenSize <= tinyWidth) return { sizes: { ...named, numLayers }, made: null };
  const isOwn = named === null && models.isOwnFile;
  const whole = {
    ...full,
    ...narrow,
    numKeyValueHeads: full.numKeyValueHeads < full.numHeads ? 1 : narrow.numHeads,
    vocabSize: models.tokenizer === null && !isOwn ? models.vocabSize : full.vocabSize,
  };
  return { sizes: { ...whole, numLayers }, made: isOwn ? null : madeModel(models, null, whole) };
}

/** Both models in one file, where a part of it is read. */
function ownFile(vision: VisionConfig, llm: LlmConfig, models: RehearsalModels): MadeModel | null {
  const isRead = models.isOwnFile && (models.vision === null || models.llm === null);
  return isRead ? madeModel(models, vision, llm) : null;
}

function madeModel(models: RehearsalModels, vision: VisionConfig | null, llm: LlmConfig | null): MadeModel {
  const { dir, tokenizer } = models;
  const kept = vision === null ? tokenizer : null;
  const kind = vision === null ? 'llm' : llm === null ? 'vision' : 'both';
  const hash = hashOf({ vision, llm, tokenizer: kept?.sha256 ?? null }).slice(0, 16);
  const path = `${dir}/${kind}-${hash}${kind === 'both' ? '.safetensors' : ''}`;
  return { path, vision, llm, tokenizer: kept?.dir ?? null };
}

/**
 * What a trial's training depends on: rows that differ in their evaluation alone share it. An episode has eight photographs:
 * through all layers a step of it takes longer than a rehearsal should.
 */
function trainsAs({ evaluate, personal: _, seed: __, ...rest }: TrialConfig): string {
  return hashOf({ ...rest, isPersonal: evaluate.personal });
}

const under = (section: string, members: Readonly<Record<string, Json>>): Record<string, Json> =>
  Object.fromEntries(Object.entries(members).map(([key, value]) => [`${section}.${key}`, value]));

function numberAt(config: TrialConfig, key: string): number | null {
  return key.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], config) as number | null;
}
