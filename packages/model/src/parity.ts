// Checks our model against a directory of reference results made by PyTorch and transformers: `golden.json`, the Hugging
// Face folders `vision/` and `llm/`, and `mfam.safetensors`. Sizes, taps, heads and orders all come from its files.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import {
  CalmError,
  levels as allLevels,
  type Level,
  type LlmConfig,
  type MfamConfig,
  type VisionConfig,
} from '@calm-orch/core';
import { createProgram, tf, type Engine } from '@calm-orch/engine';
import { answerLogits, answerLoss } from './calm.ts';
import { readLlmConfig, readVisionConfig } from './checkpoints/hf-config.ts';
import { openWeights, readAll, type WeightSource } from './checkpoints/load.ts';
import { llmKey, mfamKey, visionKey } from './checkpoints/names.ts';
import { createTextGenerator } from './generation/generate.ts';
import { findCheckpoint, type CheckpointFormat } from './checkpoints/open-checkpoint.ts';
import { embedTokens, llamaHidden, llmShapes, logitsOf } from './llama.ts';
import { mfamShapes, mfamTokens } from './mfam.ts';
import { frozenParameters, type Parameters } from './parameter.ts';
import { openSafetensors } from './safetensors.ts';
import { unflatten, type Shapes, type Weights } from './shard-gradients.ts';
import { createTrainingProgram } from './training-program.ts';
import { hiddenStates, visionShapes } from './vision.ts';

export interface ParityCheck {
  readonly name: string;
  readonly maxAbsError: number;
  readonly tolerance: number;
  readonly ok: boolean;
}

interface Sampled {
  readonly shape: number[];
  readonly sum: number;
  readonly sample: number[];
}

interface Trajectory {
  readonly steps: readonly { readonly lr: number; readonly loss: number }[];
}

interface Golden {
  readonly layout: {
    readonly taps: { readonly low: number; readonly middle: number; readonly high: number };
    readonly queries: number;
    readonly crossAttentionFrequency: number;
    /** Parts of the sequence as they are read: the image's levels side by side, texts around them, `answer` last. */
    readonly tokenOrder: readonly (Level | 'prefix' | 'suffix' | 'answer')[];
    readonly qformer: {
      readonly layers: number;
      readonly heads: number;
      readonly layerNormEps: number;
      readonly activation: 'gelu' | 'quick_gelu';
      readonly seesCls: boolean;
    };
    readonly thematic: { readonly hiddenState: number; readonly dropCls?: boolean; readonly postLayerNorm?: boolean };
  };
  readonly pixels: { readonly shape: number[]; readonly data: number[] };
  readonly prefix: number[][];
  readonly suffix: number[][];
  readonly answer: number[][];
  readonly hiddenStates: readonly Sampled[];
  readonly levels: Readonly<Record<'thematic' | 'low' | 'middle' | 'high', Sampled>>;
  readonly answerLogits: { readonly shape: number[]; readonly data: number[] };
  readonly loss: number;
  readonly gradientNorms: Readonly<Record<string, number>>;
  readonly llmOnly: { readonly ids: number[][]; readonly logitsLast: number[]; readonly greedy16: number[] };
  readonly pretrainTrajectory: Trajectory;
  readonly finetuneTrajectory: Trajectory;
}

interface Reference {
  readonly golden: Golden;
  readonly vision: VisionConfig;
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly tiedEmbeddings: boolean;
  readonly order: Order;
  readonly weights: Weights;
}

/** The sequence's parts: texts read before the image, its levels, texts between it and the answer. */
interface Order {
  readonly before: readonly Text[];
  readonly levels: readonly Level[];
  readonly after: readonly Text[];
}
type Text = 'prefix' | 'suffix';

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;
const headKey = 'llm.lm_head.weight';
const embeddingKey = 'llm.model.embed_tokens.weight';

/** LLaMA's shapes as a model with or without an output layer of its own has them. */
function trainedLlmShapes(reference: Pick<Reference, 'llm' | 'tiedEmbeddings'>): Shapes {
  const { [headKey]: head, ...others } = llmShapes(reference.llm);
  return reference.tiedEmbeddings ? others : { ...others, [headKey]: head! };
}

/** Where embeddings are tied, the output layer is the embedding, and its gradient the sum of both uses. */
const tieHead = (parameters: Parameters, tied: boolean): Parameters =>
  tied ? { ...parameters, get: (name) => parameters.get(name === headKey ? embeddingKey : name) } : parameters;

function openLlm(dir: string, folder: ReturnType<typeof readLlmConfig>, formats?: CheckpointFormat[]): WeightSource {
  const tied: Record<string, string> = folder.tiedEmbeddings ? { [headKey]: embeddingKey } : {};
  return openWeights(join(dir, 'llm'), llmKey, llmShapes(folder.llm), { formats, tied });
}

/** @throws CalmError `bad_data` for an order, or a thematic level, that the model does not compute. */
function readOrder(path: string, { tokenOrder, thematic }: Golden['layout']): Order {
  const isLevel = (part: string): part is Level => (allLevels as readonly string[]).includes(part);
  const first = tokenOrder.findIndex(isLevel);
  const levels = tokenOrder.filter(isLevel);
  const before = tokenOrder.slice(0, first) as Text[];
  const after = tokenOrder.slice(first + levels.length, -1) as Text[];
  const parts = [...before, ...levels, ...after, 'answer'];
  if (before.length === 0 || parts.join() !== tokenOrder.join() || !levels.some((level) => level !== 'thematic'))
    throw new CalmError(
      'bad_data',
      `${path}: layout.tokenOrder should be text, the levels side by side, text or none, answer; got ${tokenOrder.join(', ')}`,
    );
  if (thematic.dropCls === false || thematic.postLayerNorm === true)
    throw new CalmError(
      'bad_data',
      `${path}: layout.thematic should have dropCls true and postLayerNorm false; the thematic level has no others`,
    );
  return { before, levels, after };
}

function readReference(dir: string): Reference {
  const path = join(dir, 'golden.json');
  if (!existsSync(path)) throw new CalmError('not_found', `${path}: is not there; name a folder of reference results`);
  const golden = readJson<Golden>(path);
  const { layout } = golden;
  const order = readOrder(path, layout);
  const vision = readVisionConfig(join(dir, 'vision'));
  const folder = readLlmConfig(join(dir, 'llm'));
  const mfamPath = join(dir, 'mfam.safetensors');
  const mfamFile = openSafetensors(mfamPath);
  const level = order.levels.find((name) => name !== 'thematic')!;
  const [queries, mlp] = ['query_tokens', 'qformer.encoder.layer.0.intermediate_query.dense.weight'].map((key) =>
    mfamFile.shape(`${level}.${key}`),
  );
  mfamFile.close();
  const mfam: MfamConfig = {
    levels: [...order.levels],
    projector: 'linear',
    taps: { ...layout.taps, thematic: layout.thematic.hiddenState },
    queries: layout.queries,
    hiddenSize: queries![2]!,
    numHeads: layout.qformer.heads,
    numLayers: layout.qformer.layers,
    mlpSize: mlp![0]!,
    crossAttentionFrequency: layout.crossAttentionFrequency,
    layerNormEps: layout.qformer.layerNormEps,
    activation: layout.qformer.activation,
    seesCls: layout.qformer.seesCls,
    standardizeTaps: false,
    initializer: 'bert',
  };
  return {
    golden,
    order,
    vision,
    mfam,
    ...folder,
    weights: {
      ...readAll(openWeights(join(dir, 'vision'), visionKey, visionShapes(vision))),
      ...readAll(openWeights(mfamPath, mfamKey, mfamShapes(mfam, vision, folder.llm))),
      ...readAll(openLlm(dir, folder)),
    },
  };
}

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

const maxDifference = (got: ArrayLike<number>, expected: ArrayLike<number>): number => {
  let max = got.length === expected.length ? 0 : Infinity;
  for (let i = 0; i < expected.length; i++) max = Math.max(max, Math.abs(got[i]! - expected[i]!));
  return Number.isNaN(max) ? Infinity : max;
};
const sample = (values: Float32Array): number[] =>
  Array.from({ length: 16 }, (_, i) => values[i * Math.floor(values.length / 16)]!);
const flatInt = (rows: number[][]): Int32Array => Int32Array.from(rows.flat());

/**
 * Runs every check of `dir`. Tolerances: 1e-4 forward (wasm 1e-3), 1e-3 for gradients (relative) and trajectories, 0 for
 * tokens and for the language model's `.bin` against its safetensors (checked where both are there).
 */
export function checkParity(engine: Engine, dir: string): ParityCheck[] {
  const reference = readReference(dir);
  const { golden, order, vision, mfam, llm, tiedEmbeddings, weights } = reference;
  const forward = engine.node === undefined ? 1e-3 : 1e-4;
  const checks: ParityCheck[] = [];
  const check = (name: string, maxAbsError: number, tolerance: number): void =>
    void checks.push({ name, maxAbsError, tolerance, ok: maxAbsError <= tolerance });
  const visionKeys = visionShapes(vision);
  const mfamKeys = mfamShapes(mfam, vision, llm);
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
          return { outputs: { ...named, ...(level as Record<string, Tensor>) } };
        },
      },
    },
  });
  inference.assignAll([...Object.keys(visionKeys), ...Object.keys(mfamKeys)].map((key) => [key, weights[key]!.values]));
  const visual = inference.run('levels', { pixels: Float32Array.from(golden.pixels.data) });
  inference.dispose();
  check(
    'hiddenStates',
    Math.max(...golden.hiddenStates.map((state, i) => maxDifference(sample(visual[`state${i}`]!), state.sample))),
    forward,
  );
  check(
    'levels',
    Math.max(...order.levels.map((level) => maxDifference(sample(visual[level]!), golden.levels[level].sample))),
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
  const trajectory = (trainable: Shapes, frozen: Shapes, { steps }: Trajectory): number => {
    const training = createTrainingProgram(engine, {
      trainable,
      frozen,
      numShards: 1,
      steps: { all: { inputs: { ...stateSpec, ...textSpec }, loss } },
    });
    training.setWeights(weights);
    const errors = steps.map(({ lr, loss: expected }, step) =>
      Math.abs(training.step('all', { ...states, ...text }, { step, learningRate: lr }) - expected),
    );
    training.dispose();
    return Math.max(...errors);
  };

  const gradients = createTrainingProgram(engine, {
    trainable: { ...mfamKeys, ...llmKeys },
    frozen: {},
    numShards: 1,
    withGradient: true,
    steps: { all: { inputs: { ...stateSpec, ...textSpec }, loss } },
  });
  gradients.setWeights(weights);
  const { loss: firstLoss, gradient } = gradients.gradient('all', { ...states, ...text });
  gradients.dispose();
  const named = unflatten(gradient, { ...mfamKeys, ...llmKeys });
  const norm = (values: Float32Array): number => Math.sqrt(values.reduce((a, b) => a + b * b, 0));
  // A gradient that is zero in exact arithmetic (key biases) is rounding noise on both sides: absolute below 1e-6.
  const relative = Object.entries(golden.gradientNorms).map(([key, expected]) => {
    const found = named[tiedEmbeddings && key === headKey ? embeddingKey : key];
    return found === undefined ? Infinity : Math.abs(norm(found.values) - expected) / Math.max(expected, 1e-3);
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
    maxDifference(language.run('answers', { ...states, ...text }).logits!, golden.answerLogits.data),
    forward,
  );
  check('loss', Math.abs(firstLoss - golden.loss), forward);
  check('gradientNorms', Math.max(...relative), 1e-3);

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
    ...{ llm, weights, batchSize: 1, stopIds: [] },
    ...{ promptTokens: prompt.length, answerTokens: ids.length - prompt.length },
  });
  const [continued] = generator.generate([{ id: 'greedy16', prompt: [{ text: prompt }] }]);
  generator.close();
  check('greedy16', maxDifference([...prompt, ...continued!.ids], golden.llmOnly.greedy16), 0);

  check('pretrainTrajectory', trajectory(mfamKeys, llmKeys, golden.pretrainTrajectory), 1e-3);
  check('finetuneTrajectory', trajectory({ ...mfamKeys, ...llmKeys }, {}, golden.finetuneTrajectory), 1e-3);
  const difference = binDifference(dir);
  if (difference !== undefined) check('binEqualsSafetensors', difference, 0);
  return checks;
}
