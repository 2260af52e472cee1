// Aesthetic scoring fine-tuning (CALM, section 3.4): MFAM and language model together learn to answer with a number, or the
// word of a level.
import type { StageFunction, TrialConfig } from '@calm-orch/core';
import { instructionOf, labeledPhotos } from '@calm-orch/datasets';
import { checkKnown } from '@calm-orch/model';
import { trainedScores } from '../permuted-labels.ts';
import { scoreAnswers } from '../score-text.ts';
import { finetune, type LanguageTuning } from '../finetune.ts';
import { readWeights } from '../training/model-weights.ts';
import { initialMfam, withInputs, type TrainingStageConfig } from '../training/training-stage.ts';

export type FinetuneScoreConfig = TrainingStageConfig &
  LanguageTuning &
  Pick<TrialConfig, 'finetuneScore' | 'scoreAnswer' | 'scorePrefix' | 'scoreDecimals'> &
  Partial<Pick<TrialConfig['control'], 'permuteScores'>>;

export const finetuneScore: StageFunction = (context) => {
  const config = context.stage.config as unknown as FinetuneScoreConfig;
  const { mfam, llm, seed } = config;
  const { data, comment } = context.inputs as Record<string, string>;
  return withInputs(context, config, ['labeled'], async ({ language, taps, rowOf }) => {
    const train = labeledPhotos(data!).train.filter(({ id }) => rowOf.has(String(id)));
    const answers = scoreAnswers(trainedScores(train, config), config);
    checkKnown(language.tokenizer, config.scorePrefix);
    return finetune(context, config, {
      training: config.finetuneScore,
      taps,
      prompt: language.instruct(instructionOf(config.prompt.template, 'score')),
      weights: { ...initialMfam(mfam, taps, llm, seed), ...readWeights(comment) },
      samples: train.map(({ id }, i) => ({
        row: rowOf.get(String(id))!,
        answers: [answers[i]!],
        answer: () => answers[i]!,
      })),
    });
  });
};
