// Aesthetic scoring fine-tuning (CALM, section 3.4): MFAM and language model together learn to answer with a number.
import type { StageFunction, TrialConfig } from '@calm-orch/core';
import { readAva } from '@calm-orch/data';
import { openTaps } from '@calm-orch/model';
import { scoreText } from '../score-text.ts';
import { finetune, type FinetuneConfig } from '../finetune.ts';
import { studioLanguage } from '../language.ts';
import { readWeights } from '../model-weights.ts';

export type FinetuneScoreConfig = FinetuneConfig & Pick<TrialConfig, 'finetuneScore' | 'scoreDecimals'>;

export const finetuneScore: StageFunction = async (context) => {
  const config = context.stage.config as unknown as FinetuneScoreConfig;
  const { data, encodeLabeled, comment } = context.inputs as Record<string, string>;
  const language = studioLanguage(config.llm);
  const taps = openTaps(encodeLabeled!);
  try {
    const rowOf = new Map(taps.ids.map((id, row) => [id, row]));
    const samples = readAva(`${data!}/AVA`).train.flatMap(({ id, meanScore }) => {
      const row = rowOf.get(String(id));
      return row === undefined ? [] : [{ row, text: scoreText(meanScore, config.scoreDecimals) }];
    });
    return await finetune(context, config, {
      training: config.finetuneScore,
      taps,
      language,
      instruction: language.instruction('score'),
      weights: readWeights(comment),
      samples: samples.map(({ row, text }) => ({ row, answer: () => text })),
    });
  } finally {
    taps.close();
  }
};
