import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nano } from '@calm-orch/core';
import { afterAll, expect, it } from 'vitest';
import { initialWeights } from '../layers/initialize.ts';
import { llmShapes } from '../layers/llama.ts';
import { mfamShapes } from '../calm/mfam.ts';
import { openSafetensors } from './safetensors.ts';
import { statesOf, visionShapes } from '../layers/vision.ts';
import { exportHuggingFace } from './export.ts';
import { readLlmConfig, readVisionConfig } from './hf-config.ts';
import { openWeights, readAll } from './load.ts';
import { llmKey, mfamKey, visionKey } from './names.ts';

const dir = mkdtempSync(join(tmpdir(), 'calm-orch-export-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const vision = { ...nano.vision, hiddenSize: 8, numHeads: 2, numLayers: 1, mlpSize: 16 };
const llm = { ...nano.llm, hiddenSize: 8, numHeads: 2, numKeyValueHeads: 1, numLayers: 2, mlpSize: 16, vocabSize: 40 };
const mfam = { ...nano.mfam, hiddenSize: 8, numHeads: 2, numLayers: 1, mlpSize: 16, queries: 2 };
const shapes = {
  vision: visionShapes(vision),
  llm: llmShapes(llm),
  mfam: mfamShapes(mfam, statesOf(vision), llm),
};
const weights = initialWeights({ ...shapes.vision, ...shapes.llm, ...shapes.mfam }, 5);
const model = { vision, llm, mfam, read: (key: string) => weights[key]! };

it('writes folders that read back as the same weights, in one file each or in shards', () => {
  for (const shardBytes of [undefined, 2000]) {
    const out = join(dir, `shards-${shardBytes}`);
    exportHuggingFace(out, model, { shardBytes });
    expect(existsSync(join(out, 'llm/model.safetensors.index.json'))).toBe(shardBytes !== undefined);
    expect(readVisionConfig(join(out, 'vision'))).toEqual(vision);
    expect(readLlmConfig(join(out, 'llm'))).toEqual({ llm, tiedEmbeddings: false });
    const read = {
      ...readAll(openWeights(join(out, 'vision'), visionKey, shapes.vision)),
      ...readAll(openWeights(join(out, 'llm'), llmKey, shapes.llm)),
      ...readAll(openWeights(join(out, 'mfam.safetensors'), mfamKey, shapes.mfam)),
    };
    expect(read).toEqual(weights);
  }
});

it('keeps shards within their size and names them as transformers does', () => {
  const out = join(dir, 'named');
  exportHuggingFace(out, model, { shardBytes: 4000 });
  const index = JSON.parse(readFileSync(join(out, 'llm/model.safetensors.index.json'), 'utf8'));
  const names = [...new Set<string>(Object.values(index.weight_map))];
  const numbers = Object.values(shapes.llm).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
  expect(index.metadata.total_size).toBe(4 * numbers);
  expect(names[0]).toBe(`model-00001-of-0000${names.length}.safetensors`);
  for (const name of names) {
    const file = openSafetensors(join(out, 'llm', name));
    expect(file.metadata.format).toBe('pt');
    expect(file.keys.reduce((sum, key) => sum + 4 * file.read(key).values.length, 0)).toBeLessThanOrEqual(4000);
    file.close();
  }
});

it('asks for a tensor when it is written, in pieces or whole, so that a shard need not be in memory', () => {
  const out = join(dir, 'lazily');
  const shards = (): number => readdirSync(join(out, 'llm')).filter((name) => name.endsWith('.safetensors')).length;
  const asked: number[] = [];
  const read = (key: string) => {
    const { shape, values } = weights[key]!;
    if (!key.startsWith('llm.')) return { shape, values };
    asked.push(shards());
    return { shape, values: [values.subarray(0, 3), values.subarray(3)] };
  };
  exportHuggingFace(out, { ...model, read }, { shardBytes: 1500 });
  expect(asked).toHaveLength(Object.keys(shapes.llm).length);
  // Those of the first file before there is any, those of the last when all others are there.
  expect([asked[0], asked.at(-1)]).toEqual([0, shards() - 1]);
  expect(readAll(openWeights(join(out, 'llm'), llmKey, shapes.llm))).toEqual(
    Object.fromEntries(Object.keys(shapes.llm).map((key) => [key, weights[key]])),
  );
});

it('interpolates the positions of a tower whose photographs have another size', () => {
  const out = join(dir, 'larger');
  exportHuggingFace(out, { ...model, vision: { ...vision, imageSize: 2 * vision.imageSize } });
  const larger = readVisionConfig(join(out, 'vision'));
  const key = 'vision.vision_model.embeddings.position_embedding.weight';
  const { [key]: positions } = readAll(openWeights(join(out, 'vision'), visionKey, visionShapes(larger)));
  expect(positions!.shape).toEqual([1 + (larger.imageSize / larger.patchSize) ** 2, 8]);
  expect(positions!.values.subarray(0, 8)).toEqual(weights[key]!.values.subarray(0, 8));
});

it("gives transformers' tower its last norm, as the identity", () => {
  const out = join(dir, 'norm');
  exportHuggingFace(out, model);
  const file = openSafetensors(join(out, 'vision/model.safetensors'));
  expect([...new Set(file.read('vision_model.post_layernorm.weight').values)]).toEqual([1]);
  expect(file.metadata.post_layernorm).toMatch(/identity/);
  file.close();
});

it('does not write over a checkpoint that is there', () => {
  const out = join(dir, 'twice');
  exportHuggingFace(out, model);
  expect(() => exportHuggingFace(out, model)).toThrow(/twice\/vision\/model\.safetensors: is there already/);
});
