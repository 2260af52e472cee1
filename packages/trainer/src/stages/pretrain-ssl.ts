// Text-guided self-supervised pre-training (CALM, section 3.3): the Q-Formers learn what the augmentors did to unlabelled
// photographs, in words, half of the steps on one photograph and half on pairs. The language model is frozen. A
// sample trains the levels its augmentations belong to: quality and colour low and middle, subject middle and high.
import {
  qformerLevels,
  rng,
  sampleIds,
  sampleOrder,
  type AugmentationGroup,
  type QFormerLevel,
  type StageFunction,
  type TrialConfig,
} from '@calm-orch/core';
import { augmentedId, instructionOf, originalId, readPairs, type AugmentedPair } from '@calm-orch/datasets';
import { llmShapes, mfamShapes } from '@calm-orch/model';
import { trainedPairs } from '../permuted-labels.ts';
import { answerRoom, maskInputs, promptForm, promptInputs } from '../training/calm-training.ts';
import {
  answerInputs,
  firstWeights,
  oneList,
  stageResult,
  trainStage,
  withInputs,
  type TrainingStageConfig,
} from '../training/training-stage.ts';

export type PretrainSslConfig = TrainingStageConfig &
  Pick<TrialConfig, 'pretrainSsl'> &
  Partial<Pick<TrialConfig['control'], 'permutePseudoLabels'>>;

const levelsOfGroup: Readonly<Record<AugmentationGroup, readonly QFormerLevel[]>> = {
  quality: ['low', 'middle'],
  color: ['low', 'middle'],
  subject: ['middle', 'high'],
};
/** The longest label of three attributes has 23 tokens of the word list with its end, or 90 pieces of LLaMA's. */
const labelTokens = { nano: 24, vicuna_v1: 96 } as const;

export const pretrainSsl: StageFunction = (context) => {
  const config = context.stage.config as unknown as PretrainSslConfig;
  const { llm, seed, pretrainSsl: training } = config;
  const levels = qformerLevels.filter((level) => config.mfam.levels.includes(level));
  const mfam = { ...config.mfam, levels };
  const { template } = config.prompt;
  return withInputs(context, { ...config, mfam }, ['ssl'], async (inputs) => {
    const { language, taps, rowOf } = inputs;
    const samples = trainedPairs(readPairs(context.inputs.augment!), config).map((pair) => ({
      pair,
      original: rowOf.get(originalId(pair.index))!,
      augmented: rowOf.get(augmentedId(pair))!,
      trains: new Set(pair.groups.flatMap((group) => levelsOfGroup[group])),
    }));
    const { batchSize } = training;
    const prompts = {
      single: language.instruct(instructionOf(template, 'sslSingle')),
      pair: language.instruct(instructionOf(template, 'sslPair'), 2),
    };
    const answerTokens = answerRoom({ mfam, llm, taps }, prompts.pair, 2, labelTokens[template]);
    const texts = { single: promptInputs(batchSize, prompts.single), pair: promptInputs(batchSize, prompts.pair) };
    const form = { answer: answerTokens, maskedLevels: levels };
    const order = sampleOrder(seed, context.stage.kind, samples.length, batchSize);
    const trained = await trainStage(context, config, {
      mfam,
      taps,
      training,
      trainable: mfamShapes(mfam, taps, llm),
      frozen: llmShapes(llm),
      forms: {
        single: { ...form, images: 1, ...promptForm(prompts.single) },
        pair: { ...form, images: 2, ...promptForm(prompts.pair) },
      },
      weights: () => firstWeights(inputs, config, mfam),
      inputsOf: (step) => {
        const name = formOf(step);
        const drawn = order(step);
        const chosen = drawn.map(({ sample, epoch }) => {
          const { pair, original, augmented, trains } = samples[sample]!;
          const { augmentedFirst, label } = pseudoLabel(pair, name, seed, epoch);
          const rows = name === 'single' || augmentedFirst ? [augmented, original] : [original, augmented];
          return { rows, trains, answer: prompts[name].answer(label) };
        });
        const rows = (name === 'single' ? [0] : [0, 1]).map((image) => chosen.map((one) => one.rows[image]!));
        const answers = chosen.map(({ answer }) => answer);
        const masks = chosen.map(({ trains }) => trains);
        return {
          name,
          inputs: {
            ...answerInputs(mfam, taps, rows, answers, answerTokens),
            ...texts[name],
            ...maskInputs(levels, masks),
          },
          samples: sampleIds(drawn),
        };
      },
      rowsOf: (step) =>
        order(step).flatMap(({ sample }) => {
          const { original, augmented } = samples[sample]!;
          return formOf(step) === 'pair' ? [original, augmented] : [augmented];
        }),
      lists: oneList(context, samples.length),
    });
    return stageResult(context, trained);
  });
};

const formOf = (step: number) => (step % 2 === 0 ? 'pair' : 'single');

/** Which of a pair comes first in an epoch, and what is said of it. */
function pseudoLabel({ index, draw, labels }: AugmentedPair, name: 'single' | 'pair', seed: number, epoch: number) {
  const random = rng(seed, 'pseudo-label', epoch, index, draw);
  const augmentedFirst = random.uniform() < 0.5;
  const wordings = name === 'single' ? labels.single : augmentedFirst ? labels.augmentedFirst : labels.augmentedSecond;
  return { augmentedFirst, label: random.pick(wordings) };
}
