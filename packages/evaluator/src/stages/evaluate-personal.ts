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
import {
  episodePrompt,
  openStageTaps,
  readSafetensors,
  tappedLayers,
  type Language,
  type Taps,
} from '@calm-orch/model';
import { createEpisodeReader } from '../episodes.ts';
import { createGenerator } from '../answers/generate.ts';
import { srcc } from '../metrics/correlation.ts';
import { expectationReader, parseScore } from '../answers/read-score.ts';
import { openStageLanguage, withAnswerStart } from '../answers/stage-language.ts';

interface EvaluatePersonalConfig extends Pick<TrialConfig, 'prompt'> {
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
    weights: readSafetensors(join(model!, 'model.safetensors')),
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
    const lines: string[] = [];
    const correlations: Correlations[] = [];
    const annotators: string[] = [];
    for (const [done, annotator] of test.entries()) {
      for (let repeat = 0; repeat < personal.repeats; repeat++) {
        if (context.signal.aborted) throw new CalmError('cancelled', 'evaluate-personal: cancelled');
        const { context: shown, queries } = testEpisodes(seed, repeat, annotator, personal);
        const rows = shown.map(({ image }) => rowOf.get(image)!);
        const scores = shown.map(({ score }) => score);
        const answers = await reader.answer(
          queries.map(({ image }) => ({ rows: [...rows, rowOf.get(image)!], scores })),
        );
        const targets = queries.map(({ score }) => score);
        const read = answers.map(({ text }) => parseScore(text, 5) ?? middleScore);
        const expected = answers.map((answer) => answer.expected ?? middleScore);
        const others = queries.map(({ image }) => othersOf(annotator.worker, image));
        // No ranking at all ranks as badly as chance.
        const of = (values: readonly number[]): number => srcc(values, targets) ?? 0;
        correlations.push({
          SRCC: of(evaluate.scoreReadout === 'text' ? read : expected),
          SRCC_text: of(read),
          SRCC_expectation: of(expected),
          SRCC_generic: of(queries.map(({ image }) => genericOf.get(image)!)),
          SRCC_others: of(others),
        });
        queries.forEach(({ image, score }, i) =>
          lines.push([annotator.worker, image, repeat, score, read[i], expected[i]].join(',')),
        );
      }
      const own = correlations.slice(-personal.repeats);
      annotators.push(`${annotator.worker},${own.reduce((sum, one) => sum + one.SRCC, 0) / own.length}`);
      context.report({ step: done + 1, totalSteps: test.length });
    }
    const header = 'worker,image,repeat,target,score,expectation';
    writeFileAtomic(join(context.outputDir, 'predictions.csv'), `${header}\n${lines.join('\n')}\n`);
    writeFileAtomic(join(context.outputDir, 'annotators.csv'), `worker,SRCC\n${annotators.join('\n')}\n`);
    // Every annotator has as many repeats, so the mean of all is the mean over annotators of their means.
    const mean = (name: keyof Correlations): number =>
      correlations.reduce((sum, one) => sum + one[name], 0) / correlations.length;
    const names = Object.keys(correlations[0]!) as (keyof Correlations)[];
    return {
      metrics: {
        ...Object.fromEntries(names.map((name) => [name, mean(name)])),
        numAnnotators: test.length,
        numAnnotatorsLeftOut: all.length - test.length,
      },
    };
  } finally {
    reader.close();
    taps.close();
  }
};

type Correlations = Record<'SRCC' | 'SRCC_text' | 'SRCC_expectation' | 'SRCC_generic' | 'SRCC_others', number>;

/** The generic model's score of every photograph the test annotators rated: expectation over its digits. */
async function genericScores(
  engine: Engine,
  { mfam, llm, prompt, scorePrefix, evaluate }: EvaluatePersonalConfig,
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
    weights: readSafetensors(file),
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
