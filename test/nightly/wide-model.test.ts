// CALM in the paper's widths: CLIP ViT-L/14 at full depth and a LLaMA of Vicuna's widths and vocabulary with two of its 32
// layers, random weights, in the files one downloads. Read by the product's own code, trained one step, asked for tokens,
// within 20 GiB of resident memory (docs/numerics.md has the figures).
import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { paper, type TrainOptions } from '@calm-orch/core';
import { carriedPhotosDir, fitSquare, loadImage, toPixels } from '@calm-orch/datasets';
import { createProgram, startEngine } from '@calm-orch/engine';
import {
  createImageReader,
  createTextGenerator,
  frozenParameters,
  hiddenStates,
  initialWeights,
  llmKey,
  llmShapes,
  mfamShapes,
  openTaps,
  openWeights,
  readLlmConfig,
  readVisionConfig,
  tappedLayers,
  visionKey,
  visionShapes,
  visualBatch,
  writeTapsPart,
} from '@calm-orch/model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCalmTraining, promptInputs } from '../../packages/trainer/src/training/calm-training.ts';
import { writeModelFolder } from './random-checkpoints.test-util.ts';

const gib = 2 ** 30;
const limitGib = 20;
/** Of this process, from /proc: most memory resident so far, and now. */
const memory = (field: 'VmHWM' | 'VmRSS'): number =>
  Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;

let dir: string;
beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch-wide-'))));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const { mfam } = paper;
const llmConfig = { ...paper.llm, numLayers: 2 };
const answerTokens = 4;
const figures: string[] = [];
let last = performance.now();
const note = (what: string, more = ''): void => {
  const now = performance.now();
  const took = ((now - last) / 1000).toFixed(1);
  const line = `${what}: ${took} s, ${(memory('VmRSS') / gib).toFixed(2)} GiB resident, peak ${(memory('VmHWM') / gib).toFixed(2)} GiB${more}`;
  figures.push(line);
  // At once, so that a run that is killed has told how far it came.
  writeSync(2, `${line}\n`);
  last = now;
};

it.skipIf(process.platform !== 'linux')('loads, trains a step and generates within 20 GiB', async () => {
  const bare = (shapes: Record<string, number[]>, prefix: string) =>
    Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [key.slice(prefix.length), shape]));
  const visionBytes = writeModelFolder(
    join(dir, 'vision'),
    {
      architectures: ['CLIPVisionModel'],
      model_type: 'clip_vision_model',
      hidden_act: 'quick_gelu',
      hidden_size: 1024,
      num_hidden_layers: 24,
      num_attention_heads: 16,
      intermediate_size: 4096,
      image_size: 224,
      patch_size: 14,
      num_channels: 3,
      layer_norm_eps: 1e-5,
      torch_dtype: 'float32',
    },
    bare(visionShapes(paper.vision), 'vision.'),
    'F32',
  );
  const llmBytes = writeModelFolder(
    join(dir, 'llm'),
    {
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      hidden_act: 'silu',
      rms_norm_eps: 1e-5,
      hidden_size: 4096,
      intermediate_size: 11008,
      num_attention_heads: 32,
      num_hidden_layers: 2,
      max_position_embeddings: 4096,
      vocab_size: 32000,
      tie_word_embeddings: false,
      torch_dtype: 'float16',
    },
    bare(llmShapes(llmConfig), 'llm.'),
    'F16',
    500e6,
  );
  note('written', `, ${visionBytes} bytes of ViT in float32, ${llmBytes} bytes of LLaMA in float16`);

  const engine = await startEngine();
  const vision = readVisionConfig(join(dir, 'vision'));
  const { llm } = readLlmConfig(join(dir, 'llm'));
  expect(vision).toEqual(paper.vision);
  expect(llm).toEqual(llmConfig);
  const layers = tappedLayers(mfam);
  const encoder = createProgram(engine, {
    variables: visionShapes(vision),
    functions: {
      encode: {
        inputs: { pixels: { shape: [1, 3, vision.imageSize, vision.imageSize], dtype: 'float32' } },
        body: (variables, { pixels }) => {
          const states = hiddenStates(frozenParameters(variables), vision, pixels!, layers.at(-1));
          return { outputs: Object.fromEntries(layers.map((layer) => [layer, states[layer]!])) };
        },
      },
    },
  });
  const tower = openWeights(join(dir, 'vision'), visionKey, visionShapes(vision));
  for (const key of tower.keys) encoder.assign(key, tower.read(key).values);
  tower.close();
  note('ViT loaded');
  const files = ['camera.jpg', 'aitzgorri.jpg'];
  const [tokens, width] = [257, vision.hiddenSize];
  const states = new Map(layers.map((layer) => [layer, new Float32Array(files.length * tokens * width)]));
  for (const [row, file] of files.entries()) {
    const image = toPixels(await fitSquare(await loadImage(join(carriedPhotosDir, file)), vision.imageSize));
    const plane = image.length / 3;
    const pixels = Float32Array.from(
      { length: image.length },
      (_, i) => image[(i % plane) * 3 + Math.floor(i / plane)]!,
    );
    const output = encoder.run('encode', { pixels });
    for (const layer of layers) states.get(layer)!.set(output[layer]!, row * tokens * width);
  }
  encoder.dispose();
  writeTapsPart(join(dir, 'taps'), 0, { ids: files, layers, tokens, width }, states);
  const taps = openTaps(join(dir, 'taps'));
  note('two photographs encoded');

  const mfamOnly = mfamShapes(mfam, taps, llm);
  const trainable = { ...mfamOnly, ...llmShapes(llm) };
  const options: Omit<TrainOptions, 'checkpointEverySeconds' | 'stepShards'> = {
    ...paper.train,
    accumulation: 2,
    maxGradientNorm: 1,
  };
  const suffix = [3148, 1554, 29901];
  const training = createCalmTraining(engine, {
    mfam,
    llm,
    trainable,
    frozen: {},
    batchSize: 2,
    numShards: 2,
    options,
    taps,
    forms: { answer: { images: 1, suffix: suffix.length, answer: answerTokens } },
  });
  note('training step compiled');
  const initial = initialWeights(mfamOnly, 0);
  const source = openWeights(join(dir, 'llm'), llmKey, llmShapes(llm));
  training.setWeights((key) => initial[key] ?? source.read(key));
  const numTrained = Object.values(trainable).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
  note('MFAM made, LLaMA loaded', `, ${numTrained} trained parameters`);
  const inputs = {
    ...visualBatch(mfam, taps, [0, 1]),
    ...promptInputs(2, { prefix: [1], suffix }),
    answer: Int32Array.of(29871, 29945, 29889, 2, 29871, 29941, 29889, 2),
    weights: new Float32Array(2 * answerTokens).fill(1 / (2 * answerTokens)),
  };
  const probe = 'llm.model.layers.1.mlp.down_proj.weight';
  const before = training.weight(probe).values;
  const loss = training.run('answer', inputs, { step: 0, learningRate: 7e-5 });
  note('step', `, loss ${loss}`);
  // Random weights of deviation 0.02 know nothing: about ln 32000 = 10.4.
  expect(loss).toBeGreaterThan(9);
  expect(loss).toBeLessThan(13);
  const after = training.weight(probe).values;
  // Compared as bytes: an assertion over 45 million numbers would need gigabytes itself.
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
    Buffer.from(buffer, byteOffset, byteLength);
  expect(bytes(before).equals(bytes(source.read(probe).values))).toBe(true);
  let moved = 0;
  let farthest = 0;
  for (let i = 0; i < after.length; i++) {
    const by = Math.abs(after[i]! - before[i]!);
    if (by > 0) moved++;
    farthest = Math.max(farthest, by);
  }
  // Adam's first step moves a weight by at most the learning rate.
  expect(moved).toBeGreaterThan(0.9 * after.length);
  expect(farthest).toBeLessThan(7.1e-5);
  source.close();
  const weights = training.weights();
  training.dispose();
  note('weights read back');

  const reader = createImageReader(engine, { mfam, llm, weights, taps, batchSize: 1 });
  const [image] = await reader.read([0]);
  reader.close();
  const generator = createTextGenerator(engine, {
    llm,
    weights,
    batchSize: 1,
    answerTokens,
    stopIds: [2],
    watch: Array.from({ length: llm.vocabSize }, (_, id) => id),
    promptTokens: 1 + reader.tokensPerImage + suffix.length,
  });
  note('generator ready');
  const [answer] = generator.generate([{ id: 'camera', prompt: [{ text: [1] }, { image: image! }, { text: suffix }] }]);
  generator.close();
  taps.close();
  note('generated', `, tokens ${answer!.ids.join(' ')}`);
  const { ids, stopped, probabilities } = answer!;
  const made = [...ids, ...(stopped ? [2] : [])];
  expect(ids.includes(2)).toBe(false);
  expect(stopped || made.length === answerTokens).toBe(true);
  // Each token is the likeliest of the whole vocabulary, whose probabilities are one together.
  expect(probabilities.map((row) => row.indexOf(row.reduce((a, b) => Math.max(a, b))))).toEqual(made);
  for (const row of probabilities) expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 3);
  // One step has made what both samples begin with likelier than chance, which is what random weights give.
  expect(probabilities[0]![29871]).toBeGreaterThan(10 / llm.vocabSize);
  expect(memory('VmHWM') / gib, figures.join('\n')).toBeLessThan(limitGib);
});
