// Personalized assessment (CALM, sections 3.4 and 4.4): in-context fine-tuning on episodes of one annotator's photographs
// and scores. Every score of an episode is an answer, so contexts of every size up to contextSize are trained.
// Starts from the scoring model; test annotators take part with the few photographs that join training, or not at all.
import {
  CalmError,
  sampleIds,
  sampleOrder,
  type PersonalConfig,
  type StageFunction,
  type TrialConfig,
} from '@calm-orch/core';
import { instructionOf, joiningRatings, readFlickrAes, trainingEpisode, type Annotator } from '@calm-orch/datasets';
import { llmShapes, mfamShapes, visualBatch, type Language } from '@calm-orch/model';
import { promptInputs } from '../training/calm-training.ts';
import { readWeights } from '../training/model-weights.ts';
import { oneList, stageResult, trainStage, withInputs, type TrainingStageConfig } from '../training/training-stage.ts';

export type FinetunePersonalConfig = TrainingStageConfig & {
  readonly personal: Pick<PersonalConfig, 'contextSize' | 'joining' | 'levels'>;
} & Pick<TrialConfig, 'finetunePersonal'>;

export const finetunePersonal: StageFunction = (context) => {
  const config = context.stage.config as unknown as FinetunePersonalConfig;
  const { llm, seed, personal, finetunePersonal: training } = config;
  const { dataPersonal, encodePersonal, score, foundation } = context.inputs as Record<string, string>;
  const mfam = { ...config.mfam, levels: personal.levels };
  const size = personal.contextSize + 1;
  const { batchSize } = training;
  return withInputs(config, { foundation, taps: encodePersonal }, async ({ language, taps, rowOf }) => {
    const flickr = readFlickrAes(dataPersonal!);
    const joining: Annotator[] = flickr.test.map((annotator) => ({
      worker: annotator.worker,
      ratings: joiningRatings(seed, annotator, personal.joining),
    }));
    const annotators = [...flickr.train, ...joining].filter(({ ratings }) => ratings.length >= size);
    const prompt = language.instruct(instructionOf(config.prompt.template, 'personal'));
    const start = readWeights(score);
    const order = sampleOrder(seed, context.stage.kind, annotators.length, batchSize);
    const { prefix } = promptInputs(batchSize, prompt);
    const suffix = promptInputs(batchSize * size, prompt).suffix!;
    const weights = new Float32Array(batchSize * size).fill(1 / (batchSize * size));
    const ratingsOf = (step: number) =>
      order(step).flatMap(({ sample, epoch }) => trainingEpisode(seed, epoch, annotators[sample]!, size));
    const rowsOf = (step: number): number[] => ratingsOf(step).map(({ image }) => rowOf.get(image)!);
    const trained = await trainStage(context, config, {
      mfam,
      taps,
      training,
      trainable: { ...mfamShapes(mfam, { hiddenSize: taps.width }, llm), ...llmShapes(llm) },
      frozen: {},
      forms: { episode: { images: 1, suffix: prompt.suffix.length, answer: 1, episode: size } },
      weights: () => start,
      inputsOf: (step) => {
        const answer = Int32Array.from(ratingsOf(step), ({ score: given }) => scoreToken(language, given));
        return {
          name: 'episode',
          inputs: { ...visualBatch(mfam, taps, rowsOf(step)), prefix: prefix!, suffix, answer, weights },
          samples: sampleIds(order(step)),
        };
      },
      rowsOf,
      lists: oneList(context, annotators.length),
    });
    // Levels that stand for no photograph of an episode stay as they were.
    return stageResult(context, trained, start);
  });
};

/** @throws CalmError `unavailable` where the tokenizer writes a score with several tokens. */
function scoreToken({ tokenizer }: Language, score: number): number {
  const [token, ...more] = tokenizer.encode(String(score));
  if (more.length === 0) return token!;
  throw new CalmError(
    'unavailable',
    `finetune-personal: the score ${score} is ${more.length + 1} tokens of this language model, one is computed; use prompt.template nano, or leave table 3 out with --rows`,
  );
}
