// Aesthetic commenting fine-tuning (CALM, section 3.4): one (photograph, comment) pair per sample, another of the
// photograph's comments every epoch. Starts from the foundation's language model and what pre-training made of the MFAM.
// CALM-E answers questions, too.
import { rng, type StageFunction, type TrialConfig } from '@calm-orch/core';
import { commentedPhotos, instructionOf } from '@calm-orch/datasets';
import { finetune, type LanguageTuning } from '../finetune.ts';
import { questionLists } from '../question-lists.ts';
import { readWeights } from '../training/model-weights.ts';
import { firstWeights, withInputs, type TrainingStageConfig } from '../training/training-stage.ts';

export type FinetuneCommentConfig = TrainingStageConfig &
  LanguageTuning &
  Pick<TrialConfig, 'finetuneComment'> &
  Partial<Pick<TrialConfig, 'questions'>> &
  Pick<TrialConfig['evaluate'], 'maxCommentTokens'>;

export const finetuneComment: StageFunction = (context) => {
  const config = context.stage.config as unknown as FinetuneCommentConfig;
  const { data, comments, questions, pretrainGeneric, pretrainSsl } = context.inputs;
  return withInputs(
    context,
    config,
    ['labeled', ...(config.questions ? ['questions' as const] : [])],
    async (inputs) => {
      const { language, rowOf } = inputs;
      const samples = commentedPhotos(comments!, data!).train.flatMap(({ id, captions: answers }) => {
        const row = rowOf.get(String(id));
        if (row === undefined || answers.length === 0) return [];
        return [{ row, answers, answer: (epoch: number) => rng(config.seed, 'comment', epoch, id).pick(answers) }];
      });
      const { mix, maxTokens } = config.questions ?? { mix: null, maxTokens: 0 };
      const lists = mix === null ? [] : questionLists(questions!, rowOf, config.seed, language, mix, maxTokens);
      const { metrics, ...result } = await finetune(context, config, {
        training: config.finetuneComment,
        taps: inputs.taps,
        prompt: language.instruct(instructionOf(config.prompt.template, 'comment')),
        weights: { ...firstWeights(inputs, config, config.mfam), ...readWeights(pretrainGeneric, pretrainSsl) },
        samples,
        answerTokens: config.maxCommentTokens,
        ...(mix !== null && {
          share: mix.comments ?? samples.length,
          conversations: { lists, maxTokens },
        }),
      });
      const counts = lists.map(({ name, samples: own }) => [`samples/${name}`, own.length] as const);
      return { ...result, ...(lists.length > 0 && { metrics: { ...metrics, ...Object.fromEntries(counts) } }) };
    },
  );
};
