// Generic pre-training (CALM, section 3.4): the fully connected projection of the thematic level learns to hand the
// frozen language model what a photograph shows, from (photograph, caption) pairs in LLaVA's plain template.
import type { StageFunction, TrialConfig } from '@calm-orch/core';
import { captionedPhotos } from '@calm-orch/datasets';
import { llmShapes, mfamShapes } from '@calm-orch/model';
import { byLength, stepsFrom, type BatchSource } from '../training/batch-source.ts';
import { answerRoom, promptForm, promptInputs, tokensBefore } from '../training/calm-training.ts';
import { paddedLengths } from '../training/padded-lengths.ts';
import {
  answerInputs,
  firstWeights,
  oneList,
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
  return withInputs(context, config, ['generic'], async (inputs) => {
    const { taps, rowOf } = inputs;
    const { caption: prompt } = inputs.language;
    const samples = captionedPhotos(context.inputs.data!).flatMap(({ id, caption }) => {
      const row = rowOf.get(id);
      return row === undefined ? [] : [{ row, caption, length: prompt.answer(caption).length }];
    });
    const lengths = samples.map(({ length }) => length);
    const longest = lengths.reduce((most, length) => Math.max(most, length), 1);
    const room = answerRoom({ mfam, llm, taps }, prompt, 1, longest);
    const { batchSize } = training;
    const texts = promptInputs(batchSize, prompt);
    const [list] = oneList(context, samples.length);
    const groups = byLength(
      list!,
      'caption',
      samples,
      paddedLengths(lengths, tokensBefore({ mfam, taps }, prompt, 1), room),
    );
    const sources = groups.map(({ list, name, length, samples: own }): BatchSource => ({
      list,
      name,
      form: { images: 1, ...promptForm(prompt), answer: length },
      rowsOf: (sample) => [own[sample]!.row],
      inputsOf: (drawn) => {
        const chosen = drawn.map(({ sample }) => own[sample]!);
        const answers = chosen.map(({ caption }) => prompt.answer(caption));
        return { ...answerInputs(mfam, taps, [chosen.map(({ row }) => row)], answers, length), ...texts };
      },
    }));
    const trained = await trainStage(context, config, {
      mfam,
      taps,
      training,
      trainable: mfamShapes(mfam, taps, llm),
      frozen: llmShapes(llm),
      weights: () => firstWeights(inputs, config, mfam),
      ...stepsFrom(sources, seed, batchSize),
    });
    return stageResult(context, trained);
  });
};
