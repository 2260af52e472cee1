// Which stages one trial needs, and the slice of its configuration each of them reads: the experiment's data flow on
// one page. A stage may read nothing but its slice and its inputs; what is not in a slice cannot change a result.
import {
  numItemsOf,
  numEncoded,
  qformerLevels,
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

/** Work per photograph against one sample of a training step, measured on the nano preset. */
const costs = { data: 2, augment: 4, encode: 1, score: 2, comment: 20, baselines: 1 } as const;

/** Adds all stages of a trial; `foundation` is the sha256 (and artifact key) of the checkpoint it starts from. */
export function addTrial(trial: TrialConfig, foundation: string, add: AddStage): void {
  const { seed, llm, mfam, augment, evaluate, scoreAnswer, scorePrefix, scoreDecimals } = trial;
  const { batchSize, scoreReadout, numComments, maxCommentTokens } = evaluate;
  const { data, encode } = addData(trial, foundation, add);
  const encodeLabeled = encode('labeled', { data });
  // How often checkpoints are saved, and who keeps the moments, changes no result.
  const { checkpointEverySeconds: _, optimizer: __, ...train } = trial.train;
  const common = { seed, llm, foundation, train };
  const finetune = { finetune: trial.finetune, ...(trial.finetune === 'lora' && { lora: trial.lora }) };
  const pretrained: Record<string, string> = {};

  if (mfam.levels.includes('thematic')) {
    const { taps, standardizeTaps, initializer } = mfam;
    pretrained['pretrainGeneric'] = add({
      kind: 'pretrain-generic',
      // Of the MFAM, what the projection alone depends on, so that rows with other Q-Formers share it.
      config: {
        ...common,
        mfam: { levels: ['thematic'], taps, standardizeTaps, initializer },
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
      config: { augment, imageSize: trial.data.imageSize },
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
    config: { ...common, ...finetune, mfam, maxCommentTokens, finetuneComment: trial.finetuneComment },
    inputs: { foundation, data, encodeLabeled, ...pretrained },
    ...training(trial.finetuneComment),
  });
  if (evaluate.scores) {
    const score = add({
      kind: 'finetune-score',
      config: {
        ...common,
        ...finetune,
        ...{ mfam, scoreAnswer, scorePrefix, scoreDecimals },
        finetuneScore: trial.finetuneScore,
      },
      inputs: { data, encodeLabeled, comment },
      ...training(trial.finetuneScore),
    });
    add({
      kind: 'evaluate-score',
      config: { seed, llm, mfam, scorePrefix, evaluate: { batchSize, scoreReadout } },
      inputs: { data, encodeLabeled, model: score },
      numItems: 1,
      cost: costs.score * trial.data.numTest,
    });
  }
  if (numComments > 0)
    add({
      kind: 'evaluate-comment',
      config: { llm, mfam, evaluate: { batchSize, numComments, maxCommentTokens } },
      inputs: { data, encodeLabeled, model: comment },
      numItems: 1,
      cost: costs.comment * numComments,
    });
}

/** Adds what the frozen features can give without any training; once per experiment. */
export function addBaselines(trial: TrialConfig, foundation: string, add: AddStage): void {
  const { data, encode } = addData(trial, foundation, add);
  add({
    kind: 'baselines',
    config: { taps: trial.mfam.taps },
    inputs: { data, encodeLabeled: encode('labeled', { data }) },
    numItems: 1,
    cost: costs.baselines * (trial.data.numTrain + trial.data.numTest),
  });
}

/** Adds the one stage that makes the checkpoint every other experiment starts from. */
export function addFoundation({ seed, vision, llm }: TrialConfig, add: AddStage): void {
  add({ kind: 'foundation', config: { seed, vision, llm }, inputs: {}, numItems: 1, cost: 1e5 });
}

function addData(
  trial: TrialConfig,
  foundation: string,
  add: AddStage,
): { data: string; encode: (what: EncodeWhat, inputs: Record<string, string>) => string } {
  const { data: config, vision, mfam } = trial;
  const { taps, standardizeTaps } = mfam;
  const numPhotos = config.numTrain + config.numTest + config.numGeneric + config.numUnlabeled;
  const data = add({
    kind: 'data',
    config: { data: config },
    inputs: {},
    numItems: numItemsOf('data', trial),
    cost: costs.data * numPhotos,
  });
  const encode = (what: EncodeWhat, inputs: Record<string, string>): string =>
    add({
      kind: 'encode',
      config: { what, vision, taps, standardizeTaps, foundation },
      inputs: { foundation, ...inputs },
      numItems: numItemsOf('encode', trial, what),
      cost: costs.encode * numEncoded(what, config),
    });
  return { data, encode };
}

function training({ steps, batchSize }: { readonly steps: number; readonly batchSize: number }) {
  return { numItems: 1, cost: steps * batchSize };
}
