// Aesthetic suggesting, zero-shot (CALM, section 4.3): the model is asked how degraded photographs could be improved, a
// question no training stage has an answer to, and a judge says whether the answer names the degradation. Chance is
// the same judge on answers dealt to other degradations: its expectation, not one deal.
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
import {
  answerStartOf,
  degradationNames,
  degradedPhotoOf,
  instructionOf,
  photographReader,
  type DegradationName,
} from '@calm-orch/datasets';
import { defaultCacheDir, startEngine } from '@calm-orch/engine';
import { openStageTaps, readSafetensors, tappedLayers } from '@calm-orch/model';
import { createGenerator } from '../answers/generate.ts';
import { modelVerdicts, type Judgement, type Verdicts } from '../answers/model-judge.ts';
import { openStageLanguage, withAnswerStart } from '../answers/stage-language.ts';
import { keywordJudge } from '../answers/suggestion-judge.ts';
import { agreementOf } from '../metrics/agreement.ts';
import { answersOf } from './answers.ts';

interface EvaluateSuggestConfig extends Pick<TrialConfig, 'prompt'> {
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly evaluate: Pick<TrialConfig['evaluate'], 'batchSize' | 'maxCommentTokens'>;
  /** Who judges; absent: keywords. */
  readonly openai?: OpenaiConfig;
}

export const evaluateSuggest: StageFunction = async (context) => {
  const { mfam, llm, prompt, evaluate, openai } = context.stage.config as unknown as EvaluateSuggestConfig;
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
    const answers = asked.map(({ photo, crop, degradation }, i) => {
      return { photo, crop, degradation, answer: tokenizer.decode(generated[i]!.ids) };
    });
    // Every answer is judged for every degradation: for its own, and for chance.
    const pairs = degradationNames.flatMap((degradation) => answers.map(({ answer }) => ({ degradation, answer })));
    const verdicts = openai === undefined ? null : await modelVerdicts(pairs, modelOptions(context, openai));
    const judge = ({ degradation, answer }: Judgement): boolean | null =>
      verdicts === null ? keywordJudge(degradation, answer) : verdicts.verdictOf({ degradation, answer });
    const items = answers.flatMap((item) => {
      const right = judge(item);
      return right === null ? [] : [{ ...item, right }];
    });
    const judged = { judge: openai === undefined ? 'keywords' : openai.model, items };
    const compared = verdicts === null ? null : compareJudges(answers, pairs, verdicts);
    const unjudged = answers.filter((item) => judge(item) === null);
    const file = { ...judged, ...(compared && { unjudged, keywords: compared.keywords }) };
    writeFileAtomic(join(context.outputDir, 'suggestions.json'), `${JSON.stringify(file, null, 1)}\n`);
    return { metrics: { ...accuracies(items, pairs, judge), ...compared?.metrics } };
  } finally {
    generator.close();
    taps.close();
  }
};

const share = (values: readonly boolean[]): number => values.filter(Boolean).length / values.length;
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const meanOf = (of: (name: DegradationName) => number): number => mean(degradationNames.map(of));

/** Accuracies, what chance gives, and how far above it the answers are. */
function accuracies(
  items: readonly (Judgement & { readonly right: boolean })[],
  pairs: readonly Judgement[],
  judge: (judgement: Judgement) => boolean | null,
): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const name of degradationNames) {
    const isOwn = ({ degradation }: Judgement): boolean => degradation === name;
    metrics[name] = share(items.filter(isOwn).map(({ right }) => right));
    metrics[`${name}_chance`] = share(
      pairs
        .filter(isOwn)
        .map(judge)
        .filter((verdict) => verdict !== null),
    );
  }
  const gains = items.map(({ degradation, right }) => Number(right) - metrics[`${degradation}_chance`]!);
  const gain = mean(gains);
  const error = Math.sqrt(mean(gains.map((one) => (one - gain) ** 2)) / (gains.length - 1));
  return {
    ...metrics,
    average: meanOf((name) => metrics[name]!),
    average_chance: meanOf((name) => metrics[`${name}_chance`]!),
    standardErrorsAboveChance: error === 0 ? 0 : gain / error,
    numAnswers: items.length,
  };
}

/** The keyword judge's accuracies beside the model's, and how far the two agree about all pairs the model judged. */
function compareJudges(
  answers: readonly (Judgement & { readonly photo: string })[],
  pairs: readonly Judgement[],
  { verdictOf, usd }: Verdicts,
) {
  const both = pairs.flatMap(({ degradation, answer }) => {
    const verdict = verdictOf({ degradation, answer });
    return verdict === null ? [] : [{ degradation, verdicts: [keywordJudge(degradation, answer), verdict] as const }];
  });
  const keywords = answers.map(({ degradation, answer }) => keywordJudge(degradation, answer));
  const metrics: Record<string, number | null> = {};
  for (const name of degradationNames) {
    const own = both.filter(({ degradation }) => degradation === name).map((one) => one.verdicts);
    const { share: equal, kappa } = agreementOf(own);
    metrics[`${name}_keywords`] = share(keywords.filter((_, i) => answers[i]!.degradation === name));
    metrics[`${name}_agreement`] = equal;
    metrics[`${name}_kappa`] = kappa;
  }
  const all = agreementOf(both.map((one) => one.verdicts));
  return {
    keywords,
    metrics: {
      ...metrics,
      average_keywords: meanOf((name) => metrics[`${name}_keywords`]!),
      average_agreement: all.share,
      average_kappa: all.kappa,
      numUnjudged: pairs.length - both.length,
      'judge/usd': usd,
    },
  };
}

function modelOptions({ stage, signal, alive }: StageContext, config: OpenaiConfig) {
  return { stage, signal, ...(alive && { alive }), config, cacheDir: defaultCacheDir(process.env), env: process.env };
}
