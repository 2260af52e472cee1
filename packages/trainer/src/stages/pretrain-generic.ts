// Generic pre-training (CALM, section 3.4): the fully connected projection of the thematic level learns to hand the
// frozen language model what a photograph shows, from (photograph, caption) pairs in LLaVA's plain template.
import { sampleIds, sampleOrder, type StageFunction, type TrialConfig } from '@calm-orch/core';
import { captionedPhotos } from '@calm-orch/datasets';
import { llmShapes, mfamShapes } from '@calm-orch/model';
import { answerRoom, promptForm, promptInputs } from '../training/calm-training.ts';
import {
  answerInputs,
  firstWeights,
  stageResult,
  trainStage,
  withInputs,
  type TrainingStageConfig,
} from '../training/training-stage.ts';

export type PretrainGenericConfig = TrainingStageConfig & Pick<TrialConfig, 'pretrainGeneric'>;

export const pretrainGeneric: StageFunction = (context) => {
  const config = context.stage.config as unknown as PretrainGenericConfig;
  const { llm, seed, pretrainGeneric: training } = config;
  const mfam = { ...config.mfam, levels: ['thematic' as const] };
  const { data, encodeGeneric, foundation } = context.inputs as Record<string, string>;
  return withInputs(config, { foundation, taps: encodeGeneric }, async (inputs) => {
    const { taps, rowOf } = inputs;
    const { caption: prompt } = inputs.language;
    const samples = captionedPhotos(data!).flatMap(({ id, caption }) => {
      const row = rowOf.get(id);
      return row === undefined ? [] : [{ row, ids: prompt.answer(caption) }];
    });
    const longest = samples.reduce((most, { ids }) => Math.max(most, ids.length), 1);
    const answerTokens = answerRoom({ mfam, llm, taps }, prompt, 1, longest);
    const { batchSize } = training;
    const order = sampleOrder(seed, context.stage.kind, samples.length, batchSize);
    const texts = promptInputs(batchSize, prompt);
    const rowsOf = (step: number): number[] => order(step).map(({ sample }) => samples[sample]!.row);
    const trained = await trainStage(context, config, {
      mfam,
      taps,
      training,
      trainable: mfamShapes(mfam, { hiddenSize: taps.width }, llm),
      frozen: llmShapes(llm),
      forms: { caption: { images: 1, ...promptForm(prompt), answer: answerTokens } },
      weights: () => firstWeights(inputs, config, mfam),
      inputsOf: (step) => {
        const drawn = order(step);
        const answers = drawn.map(({ sample }) => samples[sample]!.ids);
        return {
          name: 'caption',
          inputs: { ...answerInputs(mfam, taps, [rowsOf(step)], answers, answerTokens), ...texts },
          samples: sampleIds(drawn),
        };
      },
      rowsOf,
      numSamples: samples.length,
    });
    return stageResult(context, trained);
  });
};
