// Personalized assessment on the test annotators (CALM, table 3): per repeat a context of each annotator's photographs is
// drawn and the others are scored; SRCC per annotator, averaged over repeats, then over annotators. Beside it what
// needs no personalization: the generic model's scores of the same photographs, and what other annotators gave them.
import { join } from 'node:path';
import {
  CalmError,
  writeFileAtomic,
  type LlmConfig,
  type MfamConfig,
  type PersonalConfig,
  type StageFunction,
  type TrialConfig,
} from '@calm-orch/core';
import { instructionOf, photographReader, readAnnotators, testEpisodes, type Annotator } from '@calm-orch/datasets';
import { startEngine, type Engine } from '@calm-orch/engine';
import { episodePrompt, openStageTaps, lazyWeights, tappedLayers, type Language, type Taps } from '@calm-orch/model';
import { createEpisodeReader } from '../episodes.ts';
import { createGenerator } from '../answers/generate.ts';
import { personalColumns, personalReport, type PersonalPrediction } from '../measured/personal.ts';
import { expectationReader, parseScore } from '../answers/read-score.ts';
import { openStageLanguage, withAnswerStart } from '../answers/stage-language.ts';

interface EvaluatePersonalConfig extends Pick<TrialConfig, 'prompt'> {
  readonly precision?: TrialConfig['train']['precision'];
  readonly seed: number;
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly scorePrefix: string;
  readonly personal: Pick<PersonalConfig, 'contextSize' | 'joining' | 'levels' | 'repeats'>;
  readonly evaluate: Pick<TrialConfig['evaluate'], 'batchSize' | 'scoreReadout'>;
}

/** Answers of the generic model have a number and an end. */
const genericTokens = 6;
const middleScore = 3;

export const evaluatePersonal: StageFunction = async (context) => {
  const config = context.stage.config as unknown as EvaluatePersonalConfig;
  const {
    seed,
    mfam,
    llm,
    precision = 'fp32',
    personal,
    evaluate,
    prompt: { template },
  } = config;
  const { dataPersonal, model, generic } = context.inputs as Record<string, string>;
  const language = openStageLanguage(config, context.inputs.foundation);
  const { tokenizer } = language;
  const engine = await startEngine();
  const taps = await openStageTaps(context, ['personal'], tappedLayers(mfam), photographReader);
  const reader = createEpisodeReader(engine, {
    mfam: { ...mfam, levels: personal.levels },
    llm,
    weights: lazyWeights(join(model!, 'model.safetensors')),
    precision,
    taps,
    tokenizer,
    prompt: episodePrompt(tokenizer, template, instructionOf(template, 'personal')),
    size: personal.contextSize + 1,
    batchSize: evaluate.batchSize,
  });
  try {
    const rowOf = new Map(taps.ids.map((id, row) => [id, row]));
    const all = readAnnotators(dataPersonal!).test;
    const taken = personal.joining > 0 ? personal.joining : personal.contextSize;
    // Two photographs beside those make a ranking.
    const test = all.filter(({ ratings }) => ratings.length >= taken + 2);
    if (test.length === 0)
      throw new CalmError(
        'bad_data',
        `evaluate-personal: none of ${all.length} test annotators rated ${taken + 2} photographs that are there; name their list with personal.testWorkers`,
      );
    const genericOf = await genericScores(engine, config, join(generic!, 'model.safetensors'), taps, language, test);
    const othersOf = ratingsByOthers(test);
    const predictions: PersonalPrediction[] = [];
    for (const [done, annotator] of test.entries()) {
      const { worker } = annotator;
      for (let repeat = 0; repeat < personal.repeats; repeat++) {
        if (context.signal.aborted) throw new CalmError('cancelled', 'evaluate-personal: cancelled');
        const { context: shown, queries } = testEpisodes(seed, repeat, annotator, personal);
        const rows = shown.map(({ image }) => rowOf.get(image)!);
        const scores = shown.map(({ score }) => score);
        const answers = await reader.answer(
          queries.map(({ image }) => ({ rows: [...rows, rowOf.get(image)!], scores })),
        );
        queries.forEach(({ image, score: target }, i) =>
          predictions.push({
            ...{ worker, image, repeat, target },
            score: parseScore(answers[i]!.text, 5) ?? middleScore,
            expectation: answers[i]!.expected ?? middleScore,
            generic: genericOf.get(image)!,
            others: othersOf(worker, image),
          }),
        );
      }
      context.report({ step: done + 1, totalSteps: test.length });
    }
    const lines = predictions.map((one) => personalColumns.map((name) => one[name]).join(','));
    writeFileAtomic(join(context.outputDir, 'predictions.csv'), `${personalColumns.join()}\n${lines.join('\n')}\n`);
    const { metrics, annotators } = personalReport(predictions, evaluate.scoreReadout);
    writeFileAtomic(join(context.outputDir, 'annotators.csv'), annotators);
    return { metrics: { ...metrics, numAnnotatorsLeftOut: all.length - test.length } };
  } finally {
    reader.close();
    taps.close();
  }
};

/** The generic model's score of every photograph the test annotators rated: expectation over its digits. */
async function genericScores(
  engine: Engine,
  { mfam, llm, precision = 'fp32', prompt, scorePrefix, evaluate }: EvaluatePersonalConfig,
  file: string,
  taps: Taps,
  language: Language,
  test: readonly Annotator[],
): Promise<Map<string, number>> {
  const { tokenizer } = language;
  const ask = language.instruct(instructionOf(prompt.template, 'score'));
  const expectation = expectationReader(tokenizer);
  const generator = createGenerator(engine, {
    mfam,
    llm,
    taps,
    tokenizer,
    weights: lazyWeights(file),
    precision,
    prompt: withAnswerStart(ask, tokenizer.encode(scorePrefix)),
    maxTokens: genericTokens,
    watch: expectation.watch,
    batchSize: evaluate.batchSize,
  });
  try {
    const rowOf = new Map(taps.ids.map((id, row) => [id, row]));
    const images = [...new Set(test.flatMap(({ ratings }) => ratings.map(({ image }) => image)))];
    const answers = await generator.generate(images.map((image) => rowOf.get(image)!));
    const scores = answers.map((answer) => expectation.read(answer));
    const present = scores.filter((score) => score !== null);
    const mean = present.reduce((a, b) => a + b, 0) / Math.max(1, present.length);
    return new Map(images.map((image, i) => [image, scores[i] ?? mean]));
  } finally {
    generator.close();
  }
}

/** Mean rating of a photograph by the other test annotators; the middle of the scale where there is none. */
function ratingsByOthers(test: readonly Annotator[]): (worker: string, image: string) => number {
  const given = new Map<string, { worker: string; score: number }[]>();
  for (const { worker, ratings } of test)
    for (const { image, score } of ratings) given.set(image, [...(given.get(image) ?? []), { worker, score }]);
  return (worker, image) => {
    const others = (given.get(image) ?? []).filter((one) => one.worker !== worker);
    if (others.length === 0) return middleScore;
    return others.reduce((sum, { score }) => sum + score, 0) / others.length;
  };
}
