// Aesthetic scoring on the test split, or on the validation split: generate an answer about each photograph, read the score, correlate. The
// same with photographs exchanged among the test items shows what the model would reach without looking.
import { join } from 'node:path';
import {
  rng,
  writeFileAtomic,
  type EvaluationSplit,
  type LlmConfig,
  type MfamConfig,
  type StageFunction,
  type TrialConfig,
} from '@calm-orch/core';
import { evaluatedPhotos, instructionOf, photographReader } from '@calm-orch/datasets';
import { startEngine } from '@calm-orch/engine';
import { openStageTaps, readSafetensors, tappedLayers } from '@calm-orch/model';
import { createGenerator } from '../answers/generate.ts';
import { openStageLanguage, withAnswerStart } from '../answers/stage-language.ts';
import { plcc, srcc } from '../metrics/correlation.ts';
import { rmse } from '../metrics/score-files.ts';
import { expectationReader, parseScore, scoreReader } from '../answers/read-score.ts';
import { answersOf } from './answers.ts';
import { evaluatedSet } from './slices.ts';

interface EvaluateScoreConfig extends Pick<TrialConfig, 'prompt'> {
  readonly seed: number;
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly scorePrefix: string;
  readonly evaluate: Pick<TrialConfig['evaluate'], 'batchSize' | 'scoreReadout'> & { readonly split?: EvaluationSplit };
}

/** The longest score. */
const longestScore = '10.00';

const numPermutations = 20;

/**
 * Mean correlation with the photographs exchanged among the test items: each answer stands beside another photograph's
 * score. One permutation alone would scatter by 1 / sqrt(items).
 */
function permutedMean(
  correlation: typeof plcc,
  predictions: readonly number[],
  targets: readonly number[],
  seed: number,
): number | null {
  const values = Array.from({ length: numPermutations }, (_, i) =>
    correlation(rng(seed, 'permuted test images', i).shuffle(predictions), targets),
  );
  if (values.some((value) => value === null)) return null;
  return values.reduce<number>((sum, value) => sum + value!, 0) / numPermutations;
}

export const evaluateScore: StageFunction = async (context) => {
  const { seed, mfam, llm, prompt, scorePrefix, evaluate } = context.stage.config as unknown as EvaluateScoreConfig;
  const { model } = context.inputs as Record<string, string>;
  const language = openStageLanguage({ llm, prompt }, context.inputs.foundation);
  const { tokenizer } = language;
  const asked = language.instruct(instructionOf(prompt.template, 'score'));
  const taps = await openStageTaps(context, [evaluatedSet(context.inputs)], tappedLayers(mfam), photographReader);
  const reader = scoreReader(evaluate.scoreReadout, tokenizer);
  const isNumber = evaluate.scoreReadout !== 'levels';
  // Where numbers are answered, text and expectation stand side by side, whichever is asked for.
  const expectation = isNumber ? expectationReader(tokenizer) : reader;
  const generator = createGenerator(await startEngine(), {
    mfam,
    llm,
    weights: readSafetensors(join(model!, 'model.safetensors')),
    taps,
    tokenizer,
    prompt: withAnswerStart(asked, tokenizer.encode(scorePrefix)),
    // Levels are read where the answer begins.
    maxTokens: isNumber ? tokenizer.encode(longestScore).length + 1 : 1,
    watch: expectation.watch,
    batchSize: evaluate.batchSize,
  });
  try {
    const rowOf = new Map(taps.ids.map((id, row) => [id, row]));
    const test = evaluatedPhotos(context.inputs, evaluate.split ?? 'test').filter(({ id }) => rowOf.has(String(id)));
    const rows = test.map(({ id }) => rowOf.get(String(id))!);
    const generated = await answersOf(generator, rows, evaluate.batchSize, context);
    const targets = test.map(({ meanScore }) => meanScore);
    const mean = targets.reduce((a, b) => a + b, 0) / targets.length;
    const read = generated.map((answer) => reader.read(answer));
    // An answer without a number counts as the least informed guess, so that no row gains by refusing.
    const predictions = read.map((score) => score ?? mean);
    const expected = generated.map((answer) => expectation.read(answer) ?? mean);
    const lines = test.map(
      ({ id }, i) => `${id},${targets[i]},${predictions[i]},${expected[i]},"${tokenizer.decode(generated[i]!.ids)}"`,
    );
    writeFileAtomic(
      join(context.outputDir, 'predictions.csv'),
      `image,target,score,expectation,text\n${lines.join('\n')}\n`,
    );
    return {
      metrics: {
        PLCC: plcc(predictions, targets),
        SRCC: srcc(predictions, targets),
        RMSE: rmse(predictions, targets),
        PLCC_permuted: permutedMean(plcc, predictions, targets, seed),
        SRCC_permuted: permutedMean(srcc, predictions, targets, seed),
        ...(isNumber && {
          PLCC_text: plcc(
            generated.map((g) => parseScore(tokenizer.decode(g.ids)) ?? mean),
            targets,
          ),
          PLCC_expectation: plcc(expected, targets),
        }),
        unparsed: read.filter((score) => score === null).length,
        numTest: test.length,
      },
    };
  } finally {
    generator.close();
    taps.close();
  }
};
