// A language model of more than 2 ** 31 weights, in shards of bfloat16 as one downloads it, is kept as bfloat16 and answers, in
// less memory than its weights would take as float32 (docs/numerics.md has the figures).
import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { paper } from '@calm-orch/core';
import { startEngine } from '@calm-orch/engine';
import { createTextGenerator, llmKey, llmShapes, openWeights, readLlmConfig } from '@calm-orch/model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeModelFolder } from './random-checkpoints.test-util.ts';

const gib = 2 ** 30;
const memory = (field: 'VmHWM' | 'VmRSS'): number =>
  Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;

let dir: string;
beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch-half-'))));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The widths of Vicuna-7B; with ten of its 32 layers. */
const llm = { ...paper.llm, numLayers: 10 };
const shapes = llmShapes(llm);
const numWeights = Object.values(shapes).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);

it.skipIf(process.platform !== 'linux')('more than 2 ** 31 weights are kept as bfloat16, and answer', async () => {
  expect(numWeights).toBeGreaterThan(2 ** 31);
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_act: 'silu',
    rms_norm_eps: 1e-5,
    hidden_size: llm.hiddenSize,
    intermediate_size: llm.mlpSize,
    num_attention_heads: llm.numHeads,
    num_hidden_layers: llm.numLayers,
    max_position_embeddings: llm.maxPositions,
    vocab_size: llm.vocabSize,
    tie_word_embeddings: false,
    torch_dtype: 'bfloat16',
  };
  const bare = Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [key.slice('llm.'.length), shape]));
  const bytes = writeModelFolder(join(dir, 'llm'), config, bare, 'BF16', 1e9);
  const engine = await startEngine();
  const read = readLlmConfig(join(dir, 'llm'));
  expect(read.llm).toEqual(llm);
  const idle = memory('VmRSS');
  const source = openWeights(join(dir, 'llm'), llmKey, shapes);
  const began = performance.now();
  const generator = createTextGenerator(engine, {
    llm,
    weights: (key) => source.read(key),
    precision: 'bf16',
    batchSize: 1,
    promptTokens: 8,
    answerTokens: 3,
    stopIds: [],
    watch: Array.from({ length: llm.vocabSize }, (_, id) => id),
  });
  source.close();
  const loaded = performance.now();
  const ask = (...text: number[]) => generator.generate([{ id: 'x', prompt: [{ text }] }])[0]!;
  const first = ask(1, 3148, 1554, 29901);
  const answered = performance.now();
  const [again, other] = [ask(1, 3148, 1554, 29901), ask(1, 3148, 1554, 2)];
  generator.close();
  const seconds = (from: number, to: number): string => ((to - from) / 1000).toFixed(1);
  const most = memory('VmHWM') - idle;
  writeSync(
    2,
    `${(numWeights / 1e9).toFixed(2)} G weights, ${(bytes / gib).toFixed(2)} GiB: loaded in ${seconds(began, loaded)} s, ` +
      `three tokens in ${seconds(loaded, answered)} s, peak ${(most / gib).toFixed(2)} GiB above the idle engine\n`,
  );
  expect(first.ids).toHaveLength(3);
  expect(again).toEqual(first);
  expect(first.probabilities[0]!.reduce((a, b) => a + b)).toBeCloseTo(1, 3);
  expect(other.probabilities[0]).not.toEqual(first.probabilities[0]);
  // As float32 the weights alone would take so much.
  expect(most).toBeLessThan(4 * numWeights);
});
