// Aesthetic suggesting, zero-shot (CALM, section 4.3): the model is asked how degraded photographs could be improved, a
// question no training stage has an answer to, and a judge says whether the answer names the degradation.
import { join } from 'node:path';
import {
  writeFileAtomic,
  type LlmConfig,
  type MfamConfig,
  type OpenaiConfig,
  type StageContext,
  type StageFunction,
  type TrialConfig,
} from '@calm-orch/core';
import { answerStartOf, degradationNames, degradedPhotoOf, instructionOf, photographReader } from '@calm-orch/datasets';
import { defaultCacheDir, startEngine } from '@calm-orch/engine';
import { openStageTaps, lazyWeights, tappedLayers } from '@calm-orch/model';
import { createGenerator } from '../answers/generate.ts';
import { modelVerdicts } from '../answers/model-judge.ts';
import { openStageLanguage, withAnswerStart } from '../answers/stage-language.ts';
import { judgedSuggestions, suggestionMetrics, suggestionsText, type ModelVerdicts } from '../measured/suggestions.ts';
import { answersOf } from './answers.ts';

interface EvaluateSuggestConfig extends Pick<TrialConfig, 'prompt'> {
  readonly precision?: TrialConfig['train']['precision'];
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly evaluate: Pick<TrialConfig['evaluate'], 'batchSize' | 'maxCommentTokens'>;
  /** Who judges; absent: keywords. */
  readonly openai?: OpenaiConfig;
}

export const evaluateSuggest: StageFunction = async (context) => {
  const {
    mfam,
    llm,
    precision = 'fp32',
    prompt,
    evaluate,
    openai,
  } = context.stage.config as unknown as EvaluateSuggestConfig;
  const { model } = context.inputs as Record<string, string>;
  const language = openStageLanguage({ llm, prompt }, context.inputs.foundation);
  const { tokenizer } = language;
  const taps = await openStageTaps(context, ['real'], tappedLayers(mfam), photographReader);
  const ask = language.instruct(instructionOf(prompt.template, 'suggest'));
  const generator = createGenerator(await startEngine(), {
    mfam,
    llm,
    taps,
    tokenizer,
    weights: lazyWeights(join(model!, 'model.safetensors')),
    precision,
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
    const answers = asked.map(({ photo, crop, degradation }, i) => {
      return { photo, crop, degradation, answer: tokenizer.decode(generated[i]!.ids) };
    });
    // Every answer is judged for every degradation: for its own, and for chance.
    const pairs = degradationNames.flatMap((degradation) => answers.map(({ answer }) => ({ degradation, answer })));
    const said = openai === undefined ? null : await modelVerdicts(pairs, modelOptions(context, openai));
    const verdicts =
      said === null
        ? null
        : answers.map(({ answer }) => {
            const own = degradationNames.map((degradation) => [degradation, said.verdictOf({ degradation, answer })]);
            return Object.fromEntries(own) as ModelVerdicts;
          });
    const file = judgedSuggestions(answers, openai?.model ?? 'keywords', verdicts);
    writeFileAtomic(join(context.outputDir, 'suggestions.json'), suggestionsText(file));
    return { metrics: { ...suggestionMetrics(file), ...(said !== null && { 'judge/usd': said.usd }) } };
  } finally {
    generator.close();
    taps.close();
  }
};

function modelOptions({ stage, signal, alive }: StageContext, config: OpenaiConfig) {
  return { stage, signal, ...(alive && { alive }), config, cacheDir: defaultCacheDir(process.env), env: process.env };
}
