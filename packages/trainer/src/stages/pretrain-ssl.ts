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
import { instructionOf } from '@calm-orch/data';
import { startEngine, type Values } from '@calm-orch/engine';
import { llmShapes, mfamShapes, openFoundation, openTaps, readBatchAhead, visualBatch } from '@calm-orch/model';
import { padded } from '../answers.ts';
import { augmentedId, originalId, readPairs } from '../augmented-pairs.ts';
import { answerRoom, createCalmTraining, maskInputs, promptForm, promptInputs } from '../training/calm-training.ts';
import { initialMfam, type FinetuneConfig } from '../finetune.ts';
import { languageOf } from '../language.ts';
import { fingerprintOf, select, writeWeights } from '../training/model-weights.ts';
import { trainLoop } from '../training/train-loop.ts';

export type PretrainSslConfig = FinetuneConfig & Pick<TrialConfig, 'pretrainSsl'>;

const levelsOfGroup: Readonly<Record<AugmentationGroup, readonly QFormerLevel[]>> = {
  quality: ['low', 'middle'],
  color: ['low', 'middle'],
  subject: ['middle', 'high'],
};
/** The longest label of three attributes has 23 tokens of the word list with its end, or 90 pieces of LLaMA's. */
const labelTokens = { nano: 24, vicuna_v1: 96 } as const;

export const pretrainSsl: StageFunction = async (context) => {
  const { llm, seed, pretrainSsl: training, train, ...config } = context.stage.config as unknown as PretrainSslConfig;
  const levels = qformerLevels.filter((level) => config.mfam.levels.includes(level));
  const mfam = { ...config.mfam, levels };
  const { augment, encodeSsl, ...inputs } = context.inputs as Record<string, string>;
  const { template } = config.prompt;
  const foundation = openFoundation(inputs.foundation);
  const language = languageOf({ ...config, llm }, foundation);
  const taps = openTaps(encodeSsl!);
  try {
    const rowOf = new Map(taps.ids.map((id, row) => [id, row]));
    const samples = readPairs(augment!).map(({ index, groups, labels }) => ({
      index,
      original: rowOf.get(originalId(index))!,
      augmented: rowOf.get(augmentedId(index))!,
      trains: new Set(groups.flatMap((group) => levelsOfGroup[group])),
      labels,
    }));
    const { batchSize } = training;
    const shapes = mfamShapes(mfam, { hiddenSize: taps.width }, llm);
    const frozen = llmShapes(llm);
    const prompts = {
      single: language.instruct(instructionOf(template, 'sslSingle')),
      pair: language.instruct(instructionOf(template, 'sslPair'), 2),
    };
    const answerTokens = answerRoom({ mfam, llm, taps }, prompts.pair, 2, labelTokens[template]);
    const texts = { single: promptInputs(batchSize, prompts.single), pair: promptInputs(batchSize, prompts.pair) };
    const form = { answer: answerTokens, maskedLevels: levels };
    const program = createCalmTraining(await startEngine(), {
      mfam,
      llm,
      trainable: shapes,
      frozen,
      batchSize,
      numShards: train.stepShards,
      options: train,
      taps,
      forms: {
        single: { ...form, images: 1, ...promptForm(prompts.single) },
        pair: { ...form, images: 2, ...promptForm(prompts.pair) },
      },
    });
    try {
      program.setWeights(
        select(
          {
            ...initialMfam(mfam, taps.width, llm, seed),
            ...foundation.mfam(mfam, taps.width, llm),
            ...foundation.llm(llm),
          },
          { ...shapes, ...frozen },
        ),
      );
      const order = sampleOrder(seed, context.stage.kind, samples.length, batchSize);
      const rowsOf = (step: number): number[] =>
        order(step).flatMap(({ sample }) => [samples[sample]!.original, samples[sample]!.augmented]);
      const inputsOf = (step: number) => {
        const name = step % 2 === 0 ? 'pair' : 'single';
        const drawn = order(step);
        const chosen = drawn.map(({ sample, epoch }) => {
          const { index, original, augmented, trains, labels } = samples[sample]!;
          const random = rng(seed, 'pseudo-label', epoch, index);
          const augmentedFirst = random.uniform() < 0.5;
          const wordings =
            name === 'single' ? labels.single : augmentedFirst ? labels.augmentedFirst : labels.augmentedSecond;
          const pictures = name === 'single' || augmentedFirst ? [augmented, original] : [original, augmented];
          return { pictures, trains, answer: prompts[name].answer(random.pick(wordings)) };
        });
        const answers = padded(
          chosen.map(({ answer }) => answer),
          answerTokens,
        );
        const visual = (name === 'single' ? [0] : [0, 1]).map((image) =>
          visualBatch(
            mfam,
            taps,
            chosen.map(({ pictures }) => pictures[image]!),
            image,
          ),
        );
        const masks = maskInputs(
          levels,
          chosen.map(({ trains }) => trains),
        );
        const inputs: Record<string, Values> = {
          ...Object.fromEntries(visual.flatMap((image) => Object.entries(image))),
          ...texts[name],
          ...masks,
          answer: answers.ids,
          weights: answers.weights,
        };
        return { name, inputs, samples: sampleIds(drawn) };
      };
      await trainLoop(
        context,
        program,
        training,
        inputsOf,
        (step) => readBatchAhead(mfam, taps, rowsOf(step)),
        (step) => rowsOf(step).map((row) => taps.ids[row]!),
        [{ name: context.stage.kind, numSamples: samples.length, everySteps: 0 }],
      );
      const weights = program.weights();
      writeWeights(context.outputDir, weights);
      return { fingerprint: fingerprintOf(weights) };
    } finally {
      program.dispose();
    }
  } finally {
    taps.close();
    foundation.close();
  }
};
