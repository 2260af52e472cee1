// Aesthetic commenting fine-tuning (CALM, section 3.4): one (photograph, comment) pair per sample, another of the
// photograph's comments every epoch. Starts from the foundation's language model and what pre-training made of the MFAM.
import { rng, type StageFunction, type TrialConfig } from '@calm-orch/core';
import { commentedPhotos, instructionOf, readConversations, studioPaths } from '@calm-orch/datasets';
import type { Language } from '@calm-orch/model';
import { finetune, type LanguageTuning, type QuestionSample } from '../finetune.ts';
import { readWeights } from '../training/model-weights.ts';
import { firstWeights, withInputs, type TrainingStageConfig } from '../training/training-stage.ts';

export type FinetuneCommentConfig = TrainingStageConfig &
  LanguageTuning &
  Pick<TrialConfig, 'finetuneComment' | 'questions'> &
  Pick<TrialConfig['evaluate'], 'maxCommentTokens'>;

export const finetuneComment: StageFunction = (context) => {
  const config = context.stage.config as unknown as FinetuneCommentConfig;
  const { data, comments, questions, encodeLabeled, pretrainGeneric, pretrainSsl, foundation } = context.inputs;
  return withInputs(config, { foundation, taps: encodeLabeled }, async (inputs) => {
    const { language, taps, rowOf } = inputs;
    const samples = commentedPhotos(comments!, data!).train.flatMap(({ id, captions: texts }) => {
      const row = rowOf.get(String(id));
      if (row === undefined || texts.length === 0) return [];
      return [{ row, answer: (epoch: number) => rng(config.seed, 'comment', epoch, id).pick(texts) }];
    });
    const { everySteps } = config.questions;
    const asked = questions === undefined ? [] : questionSamples(questions, rowOf, config.seed, language);
    return finetune(context, config, {
      training: config.finetuneComment,
      taps,
      prompt: language.instruct(instructionOf(config.prompt.template, 'comment')),
      weights: { ...firstWeights(inputs, config, config.mfam), ...readWeights(pretrainGeneric, pretrainSsl) },
      samples,
      answerTokens: config.maxCommentTokens,
      ...(asked.length > 0 && { questions: { everySteps, samples: asked } }),
    });
  });
};

/** Photographs with questions their labels answer; one question of a photograph per epoch. */
function questionSamples(
  dir: string,
  rowOf: ReadonlyMap<string, number>,
  seed: number,
  language: Language,
): QuestionSample[] {
  return [...readConversations(`${dir}/${studioPaths.questions}`)].flatMap(({ id, turns }) => {
    const row = rowOf.get(id);
    const pairs = turns.flatMap(({ from, value }, i) => {
      const answer = turns[i + 1];
      if (from !== 'human' || answer?.from !== 'gpt') return [];
      return [{ prompt: language.instruct(value.replace('<image>', '').trim()), answer: answer.value }];
    });
    if (row === undefined || pairs.length === 0) return [];
    return [{ row, turn: (epoch: number) => rng(seed, 'question', epoch, id).pick(pairs) }];
  });
}
