// Aesthetic suggesting, zero-shot (CALM, section 4.3): the model is asked how degraded photographs could be improved, a
// question no training stage has an answer to, and a judge says whether the answer names the degradation. Chance is
// the same judge on answers dealt to other degradations: its expectation, not one deal.
import { join } from 'node:path';
import {
  writeFileAtomic,
  type LlmConfig,
  type MfamConfig,
  type StageFunction,
  type TrialConfig,
} from '@calm-orch/core';
import { answerStartOf, degradationNames, degradedPhotoOf, instructionOf } from '@calm-orch/datasets';
import { startEngine } from '@calm-orch/engine';
import { openTaps, readSafetensors } from '@calm-orch/model';
import { createGenerator } from '../answers/generate.ts';
import { openStageLanguage, withAnswerStart } from '../answers/stage-language.ts';
import { keywordJudge } from '../answers/suggestion-judge.ts';
import { answersOf } from './answers.ts';

interface EvaluateSuggestConfig extends Pick<TrialConfig, 'prompt'> {
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly evaluate: Pick<TrialConfig['evaluate'], 'batchSize' | 'maxCommentTokens'>;
}

export const evaluateSuggest: StageFunction = async (context) => {
  const { mfam, llm, prompt, evaluate } = context.stage.config as unknown as EvaluateSuggestConfig;
  const { encodeReal, model } = context.inputs as Record<string, string>;
  const language = openStageLanguage({ llm, prompt }, context.inputs.foundation);
  const { tokenizer } = language;
  const taps = openTaps(encodeReal!);
  const ask = language.instruct(instructionOf(prompt.template, 'suggest'));
  const generator = createGenerator(await startEngine(), {
    mfam,
    llm,
    taps,
    tokenizer,
    weights: readSafetensors(join(model!, 'model.safetensors')),
    prompt: withAnswerStart(ask, tokenizer.encode(answerStartOf(prompt.template, 'suggest'))),
    maxTokens: evaluate.maxCommentTokens,
    batchSize: evaluate.batchSize,
  });
  try {
    const asked = taps.ids.flatMap((file, row) => {
      const photo = degradedPhotoOf(file);
      return photo === null || photo.degradation === null ? [] : [{ ...photo, degradation: photo.degradation, row }];
    });
    const rows = asked.map(({ row }) => row);
    const generated = await answersOf(generator, rows, evaluate.batchSize, context);
    const answers = generated.map(({ ids }) => tokenizer.decode(ids));
    const items = asked.map(({ photo, crop, degradation }, i) => ({
      photo,
      crop,
      degradation,
      answer: answers[i]!,
      right: keywordJudge(degradation, answers[i]!),
    }));
    writeFileAtomic(
      join(context.outputDir, 'suggestions.json'),
      `${JSON.stringify({ judge: 'keywords', items }, null, 1)}\n`,
    );
    const share = (values: readonly boolean[]): number => values.filter(Boolean).length / values.length;
    const metrics: Record<string, number> = {};
    for (const name of degradationNames) {
      metrics[name] = share(items.filter(({ degradation }) => degradation === name).map(({ right }) => right));
      metrics[`${name}_chance`] = share(answers.map((answer) => keywordJudge(name, answer)));
    }
    const gains = items.map(({ degradation, right }) => Number(right) - metrics[`${degradation}_chance`]!);
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    const gain = mean(gains);
    const error = Math.sqrt(mean(gains.map((one) => (one - gain) ** 2)) / (gains.length - 1));
    return {
      metrics: {
        ...metrics,
        average: mean(degradationNames.map((name) => metrics[name]!)),
        average_chance: mean(degradationNames.map((name) => metrics[`${name}_chance`]!)),
        standardErrorsAboveChance: error === 0 ? 0 : gain / error,
        numAnswers: items.length,
      },
    };
  } finally {
    generator.close();
    taps.close();
  }
};
