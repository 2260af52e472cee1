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
import { instructionOf, joiningRatings, readAnnotators, trainingEpisode, type Annotator } from '@calm-orch/datasets';
import { episodePrompt, mfamShapes, visualBatch } from '@calm-orch/model';
import { padded } from '../answers.ts';
import { languageTuning, type LanguageTuning } from '../language-tuning.ts';
import { answerRoom, promptInputs } from '../training/calm-training.ts';
import { readWeights } from '../training/model-weights.ts';
import { oneList, trainStage, withInputs, type TrainingStageConfig } from '../training/training-stage.ts';

export type FinetunePersonalConfig = TrainingStageConfig &
  LanguageTuning & {
    readonly personal: Pick<PersonalConfig, 'contextSize' | 'joining' | 'levels'>;
  } & Pick<TrialConfig, 'finetunePersonal'>;

export const finetunePersonal: StageFunction = (context) => {
  const config = context.stage.config as unknown as FinetunePersonalConfig;
  const {
    llm,
    seed,
    personal,
    finetunePersonal: training,
    prompt: { template },
  } = config;
  const { dataPersonal, score } = context.inputs as Record<string, string>;
  const mfam = { ...config.mfam, levels: personal.levels };
  const size = personal.contextSize + 1;
  const { batchSize } = training;
  return withInputs(context, { ...config, mfam }, ['personal'], async ({ language, taps, rowOf }) => {
    const { train, test } = readAnnotators(dataPersonal!);
    const joining: Annotator[] = test.map((annotator) => ({
      worker: annotator.worker,
      ratings: joiningRatings(seed, annotator, personal.joining),
    }));
    const annotators = [...train, ...joining].filter(({ ratings }) => ratings.length >= size);
    if (annotators.length === 0)
      throw new CalmError(
        'bad_data',
        `finetune-personal: no annotator of ${train.length} rated ${size} photographs (personal.contextSize and one more); name data with more ratings`,
      );
    const { head, leads, suffix, answers, answerTokens } = episodePrompt(
      language.tokenizer,
      template,
      instructionOf(template, 'personal'),
    );
    const repeated = (ids: readonly number[]): number[] => Array.from({ length: size }, () => ids).flat();
    const lead = [...leads[0], ...repeated(leads[1]).slice(leads[1].length)];
    const spoken = [...lead, ...repeated(suffix), ...Array.from({ length: size * answerTokens - 1 }, () => 0)];
    answerRoom({ mfam, llm, taps }, { prefix: head, suffix: spoken }, size, 1);
    const start = readWeights(score);
    const tuning = languageTuning(config, mfamShapes(mfam, taps, llm), start);
    const order = sampleOrder(seed, context.stage.kind, annotators.length, batchSize);
    const texts = {
      ...promptInputs(batchSize, { prefix: head, suffix: repeated(suffix) }),
      ...(lead.length > 0 && { lead: promptInputs(batchSize, { prefix: lead, suffix: [] })['prefix']! }),
    };
    const ratingsOf = (step: number) =>
      order(step).flatMap(({ sample, epoch }) => trainingEpisode(seed, epoch, annotators[sample]!, size));
    const rowsOf = (step: number): number[] => ratingsOf(step).map(({ image }) => rowOf.get(image)!);
    const trained = await trainStage(context, config, {
      mfam,
      taps,
      training,
      ...tuning,
      forms: {
        episode: {
          images: 1,
          prefix: head.length,
          lead: leads[0].length,
          suffix: suffix.length,
          answer: answerTokens,
          episode: size,
        },
      },
      inputsOf: (step) => {
        const given = ratingsOf(step).map(({ score: rating }) => answers[rating - 1]!);
        const { ids: answer, weights } = padded(given, answerTokens);
        return {
          name: 'episode',
          inputs: { ...visualBatch(mfam, taps, rowsOf(step)), ...texts, answer, weights },
          samples: sampleIds(order(step)),
        };
      },
      rowsOf,
      lists: oneList(context, annotators.length),
    });
    // Levels that stand for no photograph of an episode stay as they were.
    return tuning.result(context, trained, start);
  });
};
