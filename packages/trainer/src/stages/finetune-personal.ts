// Personalized assessment (CALM, sections 3.4 and 4.4): in-context fine-tuning on episodes of one annotator's photographs
// and scores. Every score of an episode is an answer, so contexts of every size up to contextSize are trained.
// Starts from the scoring model; test annotators take part with the few photographs that join training, or not at all.
import {
  sampleIds,
  sampleOrder,
  type OrderedSample,
  type PersonalConfig,
  type StageFunction,
  type TrialConfig,
} from '@calm-orch/core';
import { instructionOf, joiningRatings, readFlickrAes, trainingEpisode, type Annotator } from '@calm-orch/data';
import { startEngine } from '@calm-orch/engine';
import { llmShapes, mfamShapes, openFoundation, openTaps, readBatchAhead, visualBatch } from '@calm-orch/model';
import { createCalmTraining, promptInputs } from '../training/calm-training.ts';
import type { FinetuneConfig } from '../finetune.ts';
import { languageOf } from '../language.ts';
import { fingerprintOf, readWeights, select, writeWeights } from '../training/model-weights.ts';
import { trainLoop } from '../training/train-loop.ts';

export type FinetunePersonalConfig = FinetuneConfig & {
  readonly personal: Pick<PersonalConfig, 'contextSize' | 'joining' | 'levels'>;
} & Pick<TrialConfig, 'finetunePersonal'>;

export const finetunePersonal: StageFunction = async (context) => {
  const config = context.stage.config as unknown as FinetunePersonalConfig;
  const { llm, seed, personal, finetunePersonal: training } = config;
  const { dataPersonal, encodePersonal, score, ...inputs } = context.inputs as Record<string, string>;
  const foundation = openFoundation(inputs.foundation);
  const language = languageOf(config, foundation);
  foundation.close();
  const { tokenizer } = language;
  const mfam = { ...config.mfam, levels: personal.levels };
  const size = personal.contextSize + 1;
  const { batchSize } = training;
  const taps = openTaps(encodePersonal!);
  try {
    const rowOf = new Map(taps.ids.map((id, row) => [id, row]));
    const flickr = readFlickrAes(dataPersonal!);
    const joining: Annotator[] = flickr.test.map((annotator) => ({
      worker: annotator.worker,
      ratings: joiningRatings(seed, annotator, personal.joining),
    }));
    const annotators = [...flickr.train, ...joining].filter(({ ratings }) => ratings.length >= size);
    const shapes = { ...mfamShapes(mfam, { hiddenSize: taps.width }, llm), ...llmShapes(llm) };
    const prompt = language.instruct(instructionOf(config.prompt.template, 'personal'));
    const question = prompt.suffix;
    const program = createCalmTraining(await startEngine(), {
      mfam,
      llm,
      trainable: shapes,
      frozen: {},
      batchSize,
      numShards: config.train.stepShards,
      options: config.train,
      taps,
      forms: { episode: { images: 1, suffix: question.length, answer: 1, episode: size } },
    });
    try {
      const start = readWeights(score);
      program.setWeights(select(start, shapes));
      const order = sampleOrder(seed, context.stage.kind, annotators.length, batchSize);
      const { prefix } = promptInputs(batchSize, prompt);
      const suffix = promptInputs(batchSize * size, prompt).suffix!;
      const weights = new Float32Array(batchSize * size).fill(1 / (batchSize * size));
      const ratingsOf = (drawn: readonly OrderedSample[]) =>
        drawn.flatMap(({ sample, epoch }) => trainingEpisode(seed, epoch, annotators[sample]!, size));
      const rowsOf = (ratings: ReturnType<typeof ratingsOf>): number[] => ratings.map(({ image }) => rowOf.get(image)!);
      const inputsOf = (step: number) => {
        const drawn = order(step);
        const ratings = ratingsOf(drawn);
        const answer = Int32Array.from(ratings, ({ score: given }) => tokenizer.encode(String(given))[0]!);
        return {
          name: 'episode',
          inputs: { ...visualBatch(mfam, taps, rowsOf(ratings)), prefix: prefix!, suffix, answer, weights },
          samples: sampleIds(drawn),
        };
      };
      await trainLoop(
        context,
        program,
        training,
        inputsOf,
        (step) => readBatchAhead(mfam, taps, rowsOf(ratingsOf(order(step)))),
        (step) => rowsOf(ratingsOf(order(step))).map((row) => taps.ids[row]!),
        [{ name: context.stage.kind, numSamples: annotators.length, everySteps: 0 }],
      );
      const trained = program.weights();
      // Levels that stand for no photograph of an episode stay as they were.
      writeWeights(context.outputDir, { ...start, ...trained });
      return { fingerprint: fingerprintOf(trained) };
    } finally {
      program.dispose();
    }
  } finally {
    taps.close();
  }
};
