// Aesthetic scoring fine-tuning (CALM, section 3.4): MFAM and language model together learn to answer with a number, or the
// word of a level.
import type { StageFunction, TrialConfig } from '@calm-orch/core';
import { instructionOf, labeledPhotos } from '@calm-orch/data';
import { openFoundation, openTaps } from '@calm-orch/model';
import { scoreAnswers } from '../score-text.ts';
import { finetune, type FinetuneConfig, type LanguageTuning } from '../finetune.ts';
import { checkKnown, languageOf } from '../language.ts';
import { readWeights } from '../training/model-weights.ts';

export type FinetuneScoreConfig = FinetuneConfig &
  LanguageTuning &
  Pick<TrialConfig, 'finetuneScore' | 'scoreAnswer' | 'scorePrefix' | 'scoreDecimals'>;

export const finetuneScore: StageFunction = async (context) => {
  const config = context.stage.config as unknown as FinetuneScoreConfig;
  const { data, encodeLabeled, comment, foundation: foundationDir } = context.inputs as Record<string, string>;
  const foundation = openFoundation(foundationDir);
  const language = languageOf(config, foundation);
  const taps = openTaps(encodeLabeled!);
  try {
    const rowOf = new Map(taps.ids.map((id, row) => [id, row]));
    const train = labeledPhotos(data!).train.filter(({ id }) => rowOf.has(String(id)));
    const answers = scoreAnswers(
      train.map(({ meanScore }) => meanScore),
      config,
    );
    checkKnown(language, config.scorePrefix);
    return await finetune(context, config, {
      training: config.finetuneScore,
      taps,
      prompt: language.instruct(instructionOf(config.prompt.template, 'score')),
      weights: readWeights(comment),
      samples: train.map(({ id }, i) => ({ row: rowOf.get(String(id))!, answer: () => answers[i]! })),
    });
  } finally {
    taps.close();
    foundation.close();
  }
};
