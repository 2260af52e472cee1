// Aesthetic scoring on the test split, or on the validation split: generate an answer about each photograph, read the score, correlate. The
// same with photographs exchanged among the test items shows what the model would reach without looking.
import { join } from 'node:path';
import {
  writeFileAtomic,
  type EvaluationSplit,
  type LlmConfig,
  type MfamConfig,
  type StageFunction,
  type TrialConfig,
} from '@calm-orch/core';
import { evaluatedPhotos, instructionOf, photographReader } from '@calm-orch/datasets';
import { startEngine } from '@calm-orch/engine';
import { openStageTaps, lazyWeights, tappedLayers } from '@calm-orch/model';
import { createGenerator } from '../answers/generate.ts';
import { openStageLanguage, withAnswerStart } from '../answers/stage-language.ts';
import { meanOf, scoreMetrics, scoresFile } from '../measured/scores.ts';
import { expectationReader, scoreReader } from '../answers/read-score.ts';
import { answersOf } from './answers.ts';
import { evaluatedSet } from './slices.ts';

interface EvaluateScoreConfig extends Pick<TrialConfig, 'prompt'> {
  readonly precision?: TrialConfig['train']['precision'];
  readonly seed: number;
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly scorePrefix: string;
  readonly evaluate: Pick<TrialConfig['evaluate'], 'batchSize' | 'scoreReadout'> & { readonly split?: EvaluationSplit };
}

/** The longest score. */
const longestScore = '10.00';

export const evaluateScore: StageFunction = async (context) => {
  const {
    seed,
    mfam,
    llm,
    precision = 'fp32',
    prompt,
    scorePrefix,
    evaluate,
  } = context.stage.config as unknown as EvaluateScoreConfig;
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
    weights: lazyWeights(join(model!, 'model.safetensors')),
    precision,
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
    const mean = meanOf(targets);
    const read = generated.map((answer) => reader.read(answer));
    const predicted = {
      ids: test.map(({ id }) => id),
      targets,
      predictions: read.map((score) => score ?? mean),
      expected: generated.map((answer) => expectation.read(answer) ?? mean),
      texts: generated.map(({ ids }) => tokenizer.decode(ids)),
    };
    writeFileAtomic(join(context.outputDir, 'predictions.csv'), scoresFile(predicted));
    return {
      metrics: {
        ...scoreMetrics(predicted, { seed, scoreReadout: evaluate.scoreReadout }),
        unparsed: read.filter((score) => score === null).length,
      },
    };
  } finally {
    generator.close();
    taps.close();
  }
};
