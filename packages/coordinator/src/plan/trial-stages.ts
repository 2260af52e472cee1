// Which stages one trial needs, and the slice of its configuration each of them reads: the experiment's data flow on
// one page. A stage may read nothing but its slice and its inputs; what is not in a slice cannot change a result.
import {
  augmentationSide,
  numItemsOf,
  numEncoded,
  qformerLevels,
  realPhotos,
  type EncodeWhat,
  type StageKind,
  type TrialConfig,
} from '@calm-orch/core';

export interface StageRequest {
  readonly kind: StageKind;
  readonly config: unknown;
  /** Input name -> key of the artifact. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly numItems: number;
  /** Estimated work, in training samples. */
  readonly cost: number;
}

/** Adds a stage to the plan, or finds it there, and returns its key. */
export type AddStage = (request: StageRequest) => string;

/** Adds the encoding of photographs by the frozen ViT. */
type Encode = (what: EncodeWhat, inputs: Readonly<Record<string, string>>) => string;

/** Worker time per photograph against one sample of a step of self-supervision (2 ms), measured on the nano preset. */
const costs = { data: 5, augment: 12, encode: 4, score: 2, comment: 20, baselines: 2 } as const;
/** The same per sample of other training. */
const sampleCosts = { comment: 1.8, score: 1.1 } as const;

/** Adds all stages of a trial; `foundation` is the artifact key of the pretrained models it starts from. */
export function addTrial(trial: TrialConfig, foundation: string, add: AddStage): void {
  const { seed, llm, mfam, augment, evaluate, scoreAnswer, scorePrefix, scoreDecimals, prompt } = trial;
  const { batchSize, scoreReadout, numComments, maxCommentTokens } = evaluate;
  const meteor = meteorOf(evaluate);
  const { data, encode } = addData(trial, foundation, add);
  const encodeLabeled = encode('labeled', { data });
  const train = keyedTraining(trial);
  const common = { seed, llm, foundation, prompt, train };
  const finetune = { finetune: trial.finetune, ...(trial.finetune === 'lora' && { lora: trial.lora }) };
  const pretrained: Record<string, string> = {};

  if (mfam.levels.includes('thematic')) {
    const { taps, projector, standardizeTaps, initializer } = mfam;
    pretrained['pretrainGeneric'] = add({
      kind: 'pretrain-generic',
      // Of the MFAM, what the projection alone depends on, so that rows with other Q-Formers share it.
      config: {
        ...common,
        mfam: { levels: ['thematic'], taps, projector, standardizeTaps, initializer },
        pretrainGeneric: trial.pretrainGeneric,
      },
      inputs: { foundation, data, encodeGeneric: encode('generic', { data }) },
      ...training(trial.pretrainGeneric),
    });
  }
  // Self-supervision trains the Q-Formers alone: rows that differ in the thematic level share it.
  const qformers = qformerLevels.filter((level) => mfam.levels.includes(level));
  if (qformers.length > 0 && augment.groups.length > 0) {
    const augmented = add({
      kind: 'augment',
      config: {
        ...{ augment, imageSize: trial.vision.imageSize, fit: trial.encode.fit },
        ...(trial.labels === 'openai' && { openai: trial.openai }),
      },
      inputs: { data },
      numItems: numItemsOf('augment', trial),
      cost: costs.augment * trial.data.numUnlabeled,
    });
    pretrained['pretrainSsl'] = add({
      kind: 'pretrain-ssl',
      config: { ...common, mfam: { ...mfam, levels: qformers }, pretrainSsl: trial.pretrainSsl },
      inputs: { foundation, augment: augmented, encodeSsl: encode('ssl', { data, augment: augmented }) },
      ...training(trial.pretrainSsl),
    });
  }
  const comment = add({
    kind: 'finetune-comment',
    config: {
      ...{ ...common, ...finetune, mfam, maxCommentTokens, finetuneComment: trial.finetuneComment },
      questions: trial.questions,
    },
    inputs: { foundation, data, encodeLabeled, ...pretrained },
    ...training(trial.finetuneComment, sampleCosts.comment),
  });
  if (evaluate.scores || evaluate.personal) {
    const score = add({
      kind: 'finetune-score',
      config: {
        ...common,
        ...finetune,
        ...{ mfam, scoreAnswer, scorePrefix, scoreDecimals },
        finetuneScore: trial.finetuneScore,
      },
      inputs: { foundation, data, encodeLabeled, comment },
      ...training(trial.finetuneScore, sampleCosts.score),
    });
    if (evaluate.scores)
      add({
        kind: 'evaluate-score',
        config: { seed, llm, mfam, prompt, foundation, scorePrefix, evaluate: { batchSize, scoreReadout } },
        inputs: { foundation, data, encodeLabeled, model: score },
        numItems: 1,
        cost: costs.score * trial.data.numTest,
      });
    if (evaluate.personal) addPersonal(trial, { score, foundation, encode }, add);
  }
  if (evaluate.suggestions) addSuggestions(trial, { comment, foundation, encode }, add);
  if (numComments > 0)
    add({
      kind: 'evaluate-comment',
      config: { llm, mfam, prompt, foundation, evaluate: { batchSize, numComments, maxCommentTokens, ...meteor } },
      inputs: { foundation, data, encodeLabeled, model: comment },
      numItems: 1,
      cost: costs.comment * numComments,
    });
}

/** Adds the zero-shot suggestions of a commenting model about degraded held-out photographs. */
function addSuggestions(
  { vision, llm, mfam, prompt, evaluate: { batchSize, maxCommentTokens } }: TrialConfig,
  { comment, foundation, encode }: { comment: string; foundation: string; encode: Encode },
  add: AddStage,
): void {
  const degraded = add({
    kind: 'degrade',
    config: { imageSize: vision.imageSize },
    inputs: {},
    numItems: 1,
    cost: costs.augment * realPhotos,
  });
  add({
    kind: 'evaluate-suggest',
    config: { llm, mfam, prompt, foundation, evaluate: { batchSize, maxCommentTokens } },
    inputs: { foundation, encodeReal: encode('real', { degraded }), model: comment },
    numItems: 1,
    cost: costs.comment * realPhotos,
  });
}

/** Adds what personalizes a scoring model, and its evaluation. */
function addPersonal(
  { seed, data, llm, mfam, personal, evaluate, finetunePersonal, scorePrefix, prompt, ...trial }: TrialConfig,
  { score, foundation, encode }: { score: string; foundation: string; encode: Encode },
  add: AddStage,
): void {
  const { contextSize, joining, levels, repeats } = personal;
  const train = keyedTraining(trial);
  const { batchSize, scoreReadout } = evaluate;
  const numPhotos = personal.train.photos + personal.test.photos;
  const dataPersonal = add({
    kind: 'data-personal',
    config: {
      data: { seed: data.seed, imageSize: data.imageSize },
      personal: { train: personal.train, test: personal.test },
    },
    inputs: {},
    numItems: 1,
    cost: costs.data * numPhotos,
  });
  const encodePersonal = encode('personal', { dataPersonal });
  const model = add({
    kind: 'finetune-personal',
    config: {
      ...{ seed, llm, mfam, prompt, foundation, train, finetunePersonal },
      personal: { contextSize, joining, levels },
    },
    inputs: { foundation, dataPersonal, encodePersonal, score },
    numItems: 1,
    cost: finetunePersonal.steps * finetunePersonal.batchSize * (contextSize + 1),
  });
  add({
    kind: 'evaluate-personal',
    config: {
      ...{ seed, llm, mfam, prompt, foundation, scorePrefix, personal: { contextSize, joining, levels, repeats } },
      evaluate: { batchSize, scoreReadout },
    },
    inputs: { foundation, dataPersonal, encodePersonal, model, generic: score },
    numItems: 1,
    cost: costs.score * personal.test.annotators * personal.test.ratings * repeats,
  });
}

/** Adds what can be had without any training, for the metrics of a table; once per table. */
export function addBaselines(trial: TrialConfig, foundation: string, add: AddStage): void {
  const { data, encode } = addData(trial, foundation, add);
  const { taps } = trial.mfam;
  const { scores, numComments } = trial.evaluate;
  const cost = costs.baselines * (trial.data.numTrain + trial.data.numTest);
  const inputs = { data, encodeLabeled: encode('labeled', { data }) };
  if (scores) add({ kind: 'baselines', config: { taps }, inputs, numItems: 1, cost });
  if (numComments > 0)
    add({
      kind: 'baselines-comment',
      config: { taps, evaluate: { numComments, ...meteorOf(trial.evaluate) } },
      inputs,
      numItems: 1,
      cost,
    });
}

/** Adds the one stage that makes the checkpoint every other experiment starts from. */
export function addFoundation({ seed, vision, llm }: TrialConfig, add: AddStage): void {
  add({ kind: 'foundation', config: { seed, vision, llm }, inputs: {}, numItems: 1, cost: 1e5 });
}

function addData(trial: TrialConfig, foundation: string, add: AddStage): { data: string; encode: Encode } {
  const { data: config, vision, mfam, encode: how } = trial;
  const { taps, standardizeTaps } = mfam;
  const numPhotos = config.numTrain + config.numTest + config.numGeneric + config.numUnlabeled;
  const data = add({
    kind: 'data',
    // Embedded photographs are rendered at the side they are augmented at; files come as they are.
    config:
      config.source === 'studio'
        ? { data: config, unlabeledSide: augmentationSide(vision.imageSize) }
        : { data: config },
    inputs: {},
    numItems: numItemsOf('data', trial),
    cost: costs.data * numPhotos,
  });
  const encode: Encode = (what, inputs) =>
    add({
      kind: 'encode',
      config: { what, vision, taps, standardizeTaps, foundation, encode: how },
      inputs: { foundation, ...inputs },
      numItems: numItemsOf('encode', trial, what),
      cost: costs.encode * numEncoded(what, trial),
    });
  return { data, encode };
}

/** What METEOR may read besides the texts; in the slice only where it is given. */
function meteorOf({ meteorDir }: TrialConfig['evaluate']): { meteorDir?: string } {
  return meteorDir === null ? {} : { meteorDir };
}

/** How often checkpoints are saved, and who keeps the moments, changes no result. */
function keyedTraining({ train: { checkpointEverySeconds: _, optimizer: __, ...keyed } }: Pick<TrialConfig, 'train'>) {
  return keyed;
}

function training({ steps, batchSize }: { readonly steps: number; readonly batchSize: number }, sampleCost = 1) {
  return { numItems: 1, cost: steps * batchSize * sampleCost };
}
