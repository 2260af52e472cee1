// Checks our model against a directory of reference results (parity-reference.ts): every value where the directory has
// them, elsewhere shape, sum and samples.
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import { createProgram, tf, type Engine } from '@calm-orch/engine';
import { answerLogits, answerLoss } from '../calm/calm.ts';
import { readLlmConfig } from '../checkpoints/hf-config.ts';
import { createTextGenerator } from '../generation/generate.ts';
import { findCheckpoint, type CheckpointFormat } from '../checkpoints/open-checkpoint.ts';
import { embedTokens, llamaHidden, llmShapes, logitsOf } from '../layers/llama.ts';
import { mfamShapes, mfamTokens } from '../calm/mfam.ts';
import { frozenParameters, type Parameters } from '../layers/parameter.ts';
import {
  embeddingKey,
  headKey,
  openLlm,
  readReference,
  type Reference,
  type Text,
  type Trajectory,
} from './parity-reference.ts';
import { maxDifference, sampledError, type Sampled } from './parity-values.ts';
import { unflatten, type Shapes, type Weights } from '../training/shard-gradients.ts';
import { createShardedStep } from '../training/sharded-step.ts';
import { hiddenStates, statesOf, visionShapes } from '../layers/vision.ts';

export interface ParityCheck {
  readonly name: string;
  readonly maxAbsError: number;
  readonly tolerance: number;
  readonly ok: boolean;
}

/** LLaMA's shapes as a model with or without an output layer of its own has them. */
function trainedLlmShapes(reference: Pick<Reference, 'llm' | 'tiedEmbeddings'>): Shapes {
  const { [headKey]: head, ...others } = llmShapes(reference.llm);
  return reference.tiedEmbeddings ? others : { ...others, [headKey]: head! };
}

/** Where embeddings are tied, the output layer is the embedding, and its gradient the sum of both uses. */
const tieHead = (parameters: Parameters, tied: boolean): Parameters =>
  tied ? { ...parameters, get: (name) => parameters.get(name === headKey ? embeddingKey : name) } : parameters;

/** Largest difference between the language model's two files; undefined where one of them is missing. */
function binDifference(dir: string): number | undefined {
  const formats: CheckpointFormat[] = ['safetensors', 'bin'];
  if (formats.some((format) => findCheckpoint(join(dir, 'llm'), [format]) === undefined)) return undefined;
  const folder = readLlmConfig(join(dir, 'llm'));
  const safetensors = openLlm(dir, folder, ['safetensors']);
  try {
    const bin = openLlm(dir, folder, ['bin']);
    try {
      return Math.max(...bin.keys.map((key) => maxDifference(bin.read(key).values, safetensors.read(key).values)));
    } finally {
      bin.close();
    }
  } finally {
    safetensors.close();
  }
}

/** A tensor that a file of whole ones should have and lacks: different from every other. */
const nothing = { shape: [], values: new Float32Array() };
const flatInt = (rows: number[][]): Int32Array => Int32Array.from(rows.flat());
/** The whole tensors whose names begin with `prefix`, by what follows. */
const wholeOf = (whole: Weights, prefix: string): Record<string, Float32Array> =>
  Object.fromEntries(
    Object.entries(whole)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, { values }]) => [name.slice(prefix.length), values]),
  );
const largest = (values: ArrayLike<number>): number => Array.from(values, Math.abs).reduce((a, b) => Math.max(a, b), 0);
/** Largest error of all keys; of none it is infinite: nothing was compared. */
const worst = (keys: object, error: (key: string) => number): number => {
  const errors = Object.keys(keys).map(error);
  return errors.length === 0 ? Infinity : Math.max(...errors);
};

/**
 * Runs every check of `dir`. Tolerances: 1e-4 forward (wasm 1e-3) and for weights, 1e-3 for gradients (relative) and losses, 0 for
 * tokens and for the language model's `.bin` against its safetensors (checked where both are there).
 */
export function checkParity(engine: Engine, dir: string): ParityCheck[] {
  const reference = readReference(dir);
  const { golden, order, vision, mfam, llm, tiedEmbeddings, weights, whole } = reference;
  const forward = engine.node === undefined ? 1e-3 : 1e-4;
  const checks: ParityCheck[] = [];
  const shapes: Record<string, readonly number[]> = {};
  const check = (name: string, maxAbsError: number, tolerance: number): void =>
    void checks.push({ name, maxAbsError, tolerance, ok: maxAbsError <= tolerance });
  const visionKeys = visionShapes(vision);
  const mfamKeys = mfamShapes(mfam, statesOf(vision), llm);
  const llmKeys = trainedLlmShapes(reference);
  const batch = golden.answer.length;
  const tapped = (states: readonly Tensor[]) => ({
    thematic: states[mfam.taps.thematic]!,
    low: states[mfam.taps.low]!,
    middle: states[mfam.taps.middle]!,
    high: states[mfam.taps.high]!,
  });

  const inference = createProgram(engine, {
    variables: { ...visionKeys, ...mfamKeys },
    functions: {
      levels: {
        inputs: { pixels: { shape: golden.pixels.shape, dtype: 'float32' } },
        body: (variables, inputs) => {
          const parameters = frozenParameters(variables);
          const states = hiddenStates(parameters, vision, inputs.pixels!);
          const level = mfamTokens(parameters, mfam, tapped(states));
          const named = Object.fromEntries(states.map((state, i) => [`state${i}`, state]));
          const outputs = { ...named, ...(level as Record<string, Tensor>) };
          for (const [name, { shape }] of Object.entries(outputs)) shapes[name] = shape;
          return { outputs };
        },
      },
    },
  });
  inference.assignAll([...Object.keys(visionKeys), ...Object.keys(mfamKeys)].map((key) => [key, weights[key]!.values]));
  const visual = inference.run('levels', { pixels: Float32Array.from(golden.pixels.data) });
  inference.dispose();
  const stateError = (output: string, name: string, expected: Sampled): number => {
    const values = visual[output];
    return values === undefined
      ? Infinity
      : sampledError({ shape: shapes[output]!, values }, expected, whole && (whole[name] ?? nothing));
  };
  const numStates = Object.keys(shapes).length - order.levels.length;
  check(
    'hiddenStates',
    golden.hiddenStates.length === numStates
      ? Math.max(...golden.hiddenStates.map((state, i) => stateError(`state${i}`, `hiddenStates.${i}`, state)))
      : Infinity,
    forward,
  );
  check(
    'levels',
    Math.max(...order.levels.map((level) => stateError(level, `levels.${level}`, golden.levels[level]))),
    forward,
  );

  const tokens = golden.hiddenStates[0]!.shape;
  const joined = (parts: readonly Text[]): number[][] =>
    golden.answer.map((_, row) => parts.flatMap((part) => golden[part][row]!));
  const rows = {
    prefix: joined(order.before),
    ...(order.after.length > 0 && { suffix: joined(order.after) }),
    answer: golden.answer,
  };
  const text = Object.fromEntries(Object.entries(rows).map(([name, ids]) => [name, flatInt(ids)]));
  const states = Object.fromEntries(order.levels.map((level) => [level, visual[`state${mfam.taps[level]}`]!]));
  const stateSpec = Object.fromEntries(
    order.levels.map((level) => [level, { shape: tokens, dtype: 'float32' as const }]),
  );
  const textSpec = Object.fromEntries(
    Object.entries(rows).map(([name, ids]) => [name, { shape: [batch, ids[0]!.length], dtype: 'int32' as const }]),
  );
  const logitsFor = (given: Parameters, inputs: Readonly<Record<string, Tensor>>): Tensor => {
    const parameters = tieHead(given, tiedEmbeddings);
    const level = mfamTokens(parameters, mfam, inputs);
    // Each level as an image of its own: they are then read in this order, whatever the model's own is.
    const images = order.levels.map((name) => ({ [name]: level[name] }));
    return answerLogits(parameters, { llm, mfam }, images, inputs as never);
  };
  const loss = (parameters: Parameters, inputs: Readonly<Record<string, Tensor>>): Tensor => {
    const count = golden.answer.flat().length;
    return answerLoss(logitsFor(parameters, inputs), inputs.answer!, tf.fill([count], 1 / count));
  };
  const checkTrajectory = (name: string, trainable: Shapes, frozen: Shapes, { steps }: Trajectory): void => {
    const training = createShardedStep(engine, {
      trainable,
      frozen,
      numShards: 1,
      steps: { all: { inputs: { ...stateSpec, ...textSpec }, loss } },
    });
    training.setWeights(weights);
    const errors = steps.map(({ lr, loss: expected }, step) =>
      Math.abs(training.run('all', { ...states, ...text }, { step, learningRate: lr }) - expected),
    );
    check(`${name}Trajectory`, Math.max(...errors), 1e-3);
    if (whole !== undefined) {
      const ends = wholeOf(whole, `${name}Trajectory.`);
      // Adam moves a weight by up to the sum of the learning rates, a few thousandths.
      check(
        `${name}Weights`,
        worst(ends, (key) => maxDifference(training.weight(key).values, ends[key])),
        1e-4,
      );
    }
    training.dispose();
  };

  const gradients = createShardedStep(engine, {
    trainable: { ...mfamKeys, ...llmKeys },
    frozen: {},
    numShards: 1,
    blockSizes: [1],
    steps: { all: { inputs: { ...stateSpec, ...textSpec }, loss } },
  });
  gradients.setWeights(weights);
  const { loss: firstLoss, gradient } = gradients.gradient('all', { ...states, ...text });
  gradients.dispose();
  const named = unflatten(gradient, { ...mfamKeys, ...llmKeys });
  const norm = (values: Float32Array): number => Math.sqrt(values.reduce((a, b) => a + b * b, 0));
  const gradientOf = (key: string): Float32Array | undefined =>
    named[tiedEmbeddings && key === headKey ? embeddingKey : key]?.values;
  // A gradient that is zero in exact arithmetic (key biases) is rounding noise on both sides: absolute below 1e-6.
  const relative = (error: number, expected: number): number => error / Math.max(expected, 1e-3);
  const normErrors = Object.entries(golden.gradientNorms).map(([key, expected]) => {
    const found = gradientOf(key);
    return found === undefined ? Infinity : relative(Math.abs(norm(found) - expected), expected);
  });

  const language = createProgram(engine, {
    variables: { ...mfamKeys, ...llmKeys },
    functions: {
      answers: {
        inputs: { ...stateSpec, ...textSpec },
        body: (variables, inputs) => ({ outputs: { logits: logitsFor(frozenParameters(variables), inputs) } }),
      },
      next: {
        inputs: { ids: { shape: [1, golden.llmOnly.greedy16.length], dtype: 'int32' } },
        body: (variables, inputs) => {
          const parameters = tieHead(frozenParameters(variables), tiedEmbeddings);
          const hidden = llamaHidden(parameters, llm, embedTokens(parameters, inputs.ids!));
          return { outputs: { logits: logitsOf(parameters, llm, hidden) } };
        },
      },
    },
  });
  language.assignAll([...Object.keys(mfamKeys), ...Object.keys(llmKeys)].map((key) => [key, weights[key]!.values]));
  check(
    'answerLogits',
    maxDifference(language.run('answers', { ...states, ...text }).logits, golden.answerLogits.data),
    forward,
  );
  check('loss', Math.abs(firstLoss - golden.loss), forward);
  check('gradientNorms', Math.max(...normErrors), 1e-3);
  if (whole !== undefined) {
    const expected = wholeOf(whole, 'gradients.');
    const error = (key: string): number =>
      relative(maxDifference(gradientOf(key), expected[key]), largest(expected[key] ?? []));
    check('gradients', worst(golden.gradientNorms, error), 1e-3);
  }

  const prompt = golden.llmOnly.ids[0]!;
  const ids = new Int32Array(golden.llmOnly.greedy16.length);
  ids.set(prompt);
  const logitsAt = (position: number): Float32Array => {
    const { logits } = language.run('next', { ids });
    return logits!.subarray(position * llm.vocabSize, (position + 1) * llm.vocabSize);
  };
  check('logitsLast', maxDifference(logitsAt(prompt.length - 1), golden.llmOnly.logitsLast), forward);
  language.dispose();
  // Continued with the cache of keys and values, as the product generates.
  const generator = createTextGenerator(engine, {
    llm,
    weights,
    batchSize: 1,
    stopIds: [],
    promptTokens: prompt.length,
    answerTokens: ids.length - prompt.length,
  });
  const [continued] = generator.generate([{ id: 'greedy16', prompt: [{ text: prompt }] }]);
  generator.close();
  check('greedy16', maxDifference([...prompt, ...continued!.ids], golden.llmOnly.greedy16), 0);

  checkTrajectory('pretrain', mfamKeys, llmKeys, golden.pretrainTrajectory);
  checkTrajectory('finetune', { ...mfamKeys, ...llmKeys }, {}, golden.finetuneTrajectory);
  const difference = binDifference(dir);
  if (difference !== undefined) check('binEqualsSafetensors', difference, 0);
  return checks;
}
