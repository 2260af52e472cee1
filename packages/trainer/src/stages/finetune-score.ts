// Aesthetic scoring fine-tuning (CALM, section 3.4): MFAM and language model together learn to answer with a number, or the
// word of a level.
import type { StageFunction, TrialConfig } from '@calm-orch/core';
import { readAva } from '@calm-orch/data';
import { openTaps } from '@calm-orch/model';
import { scoreAnswers } from '../score-text.ts';
import { finetune, type FinetuneConfig, type LanguageTuning } from '../finetune.ts';
import { checkKnown, studioLanguage } from '../language.ts';
import { readWeights } from '../model-weights.ts';

export type FinetuneScoreConfig = FinetuneConfig &
  LanguageTuning &
  Pick<TrialConfig, 'finetuneScore' | 'scoreAnswer' | 'scorePrefix' | 'scoreDecimals'>;

export const finetuneScore: StageFunction = async (context) => {
  const config = context.stage.config as unknown as FinetuneScoreConfig;
  const { data, encodeLabeled, comment } = context.inputs as Record<string, string>;
  const language = studioLanguage(config.llm);
  const taps = openTaps(encodeLabeled!);
  try {
    const rowOf = new Map(taps.ids.map((id, row) => [id, row]));
    const train = readAva(`${data!}/AVA`).train.filter(({ id }) => rowOf.has(String(id)));
    const answers = scoreAnswers(
      train.map(({ meanScore }) => meanScore),
      config,
    );
    checkKnown(language, config.scorePrefix);
    return await finetune(context, config, {
      training: config.finetuneScore,
      taps,
      language,
      instruction: language.instruction('score'),
      weights: readWeights(comment),
      samples: train.map(({ id }, i) => ({ row: rowOf.get(String(id))!, answer: () => answers[i]! })),
    });
  } finally {
    taps.close();
  }
};
