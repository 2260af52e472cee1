// Generic pre-training (CALM, section 3.4): the fully connected projection of the thematic level learns to hand the
// frozen language model what a photograph shows, from (photograph, caption) pairs in LLaVA's plain template.
import { sampleIds, sampleOrder, type OrderedSample, type StageFunction, type TrialConfig } from '@calm-orch/core';
import { captionedPhotos } from '@calm-orch/data';
import { startEngine } from '@calm-orch/engine';
import { llmShapes, mfamShapes, openFoundation, openTaps, readBatchAhead, visualBatch } from '@calm-orch/model';
import { padded } from '../answers.ts';
import { answerRoom, createCalmTraining, promptForm, promptInputs } from '../training/calm-training.ts';
import { initialMfam, type FinetuneConfig } from '../finetune.ts';
import { languageOf } from '../language.ts';
import { fingerprintOf, select, writeWeights } from '../training/model-weights.ts';
import { trainLoop } from '../training/train-loop.ts';

export type PretrainGenericConfig = FinetuneConfig & Pick<TrialConfig, 'pretrainGeneric'>;

export const pretrainGeneric: StageFunction = async (context) => {
  const {
    llm,
    seed,
    pretrainGeneric: training,
    train,
    ...config
  } = context.stage.config as unknown as PretrainGenericConfig;
  const mfam = { ...config.mfam, levels: ['thematic' as const] };
  const { data, encodeGeneric, ...inputs } = context.inputs as Record<string, string>;
  const foundation = openFoundation(inputs.foundation);
  const { caption: prompt } = languageOf({ ...config, llm }, foundation);
  const taps = openTaps(encodeGeneric!);
  try {
    const rowOf = new Map(taps.ids.map((id, row) => [id, row]));
    const samples = captionedPhotos(data!).flatMap(({ id, caption }) => {
      const row = rowOf.get(id);
      return row === undefined ? [] : [{ row, ids: prompt.answer(caption) }];
    });
    const longest = samples.reduce((most, { ids }) => Math.max(most, ids.length), 1);
    const answerTokens = answerRoom({ mfam, llm, taps }, prompt, 1, longest);
    const shapes = mfamShapes(mfam, { hiddenSize: taps.width }, llm);
    const frozen = llmShapes(llm);
    const { batchSize } = training;
    const program = createCalmTraining(await startEngine(), {
      mfam,
      llm,
      trainable: shapes,
      frozen,
      batchSize,
      numShards: train.stepShards,
      options: train,
      taps,
      forms: { caption: { images: 1, ...promptForm(prompt), answer: answerTokens } },
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
      const texts = promptInputs(batchSize, prompt);
      const rowsOf = (drawn: readonly OrderedSample[]): number[] => drawn.map(({ sample }) => samples[sample]!.row);
      const inputsOf = (step: number) => {
        const drawn = order(step);
        const answers = padded(
          drawn.map(({ sample }) => samples[sample]!.ids),
          answerTokens,
        );
        const visual = visualBatch(mfam, taps, rowsOf(drawn));
        const inputs = { ...visual, ...texts, answer: answers.ids, weights: answers.weights };
        return { name: 'caption', inputs, samples: sampleIds(drawn) };
      };
      await trainLoop(
        context,
        program,
        training,
        inputsOf,
        (step) => readBatchAhead(mfam, taps, rowsOf(order(step))),
        (step) => rowsOf(order(step)).map((row) => taps.ids[row]!),
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
