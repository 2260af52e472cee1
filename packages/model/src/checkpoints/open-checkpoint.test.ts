import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeSafetensors } from './safetensors.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { floats, pickleOf, writeTorchFile } from './torch-file.test-util.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-checkpoint-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const tensor = (...values: number[]) => ({ shape: [values.length], values: Float32Array.from(values) });
const writeBin = (name: string, key: string, ...values: number[]): void =>
  writeTorchFile(
    join(dir, name),
    pickleOf({ [key]: { storage: '0', storageElements: values.length, shape: [values.length], strides: [1] } }),
    { 0: floats(values) },
  );
const writeIndex = (name: string, weightMap: Record<string, unknown>): void =>
  writeFileSync(join(dir, name), JSON.stringify({ metadata: {}, weight_map: weightMap }));

/** Every tensor of the checkpoint at `path`. */
function contents(path: string, formats?: ('safetensors' | 'bin')[]): Record<string, number[]> {
  const checkpoint = openCheckpoint(path, formats);
  try {
    return Object.fromEntries(checkpoint.keys.map((key) => [key, [...checkpoint.read(key).values]]));
  } finally {
    checkpoint.close();
  }
}

it('opens a folder of one file, safetensors before .bin, or either when asked, or the file itself', () => {
  writeBin('pytorch_model.bin', 'b', 2, 3);
  expect(contents(dir)).toEqual({ b: [2, 3] });
  writeSafetensors(join(dir, 'model.safetensors'), { a: tensor(1) });
  expect(contents(dir)).toEqual({ a: [1] });
  expect(contents(dir, ['bin'])).toEqual({ b: [2, 3] });
  writeBin('mm_projector.bin', 'c', 4);
  expect(contents(join(dir, 'mm_projector.bin'))).toEqual({ c: [4] });
});

it('opens shards of either format, each when its first tensor is asked for', () => {
  writeSafetensors(join(dir, 'model-00001-of-00002.safetensors'), { a: tensor(1), b: tensor(2) });
  writeFileSync(join(dir, 'model-00002-of-00002.safetensors'), 'never looked at');
  writeIndex('model.safetensors.index.json', {
    a: 'model-00001-of-00002.safetensors',
    b: 'model-00001-of-00002.safetensors',
    c: 'model-00002-of-00002.safetensors',
  });
  const checkpoint = openCheckpoint(dir);
  expect(checkpoint.keys).toEqual(['a', 'b', 'c']);
  expect(checkpoint.fileOf('b')).toBe(join(dir, 'model-00001-of-00002.safetensors'));
  expect([...checkpoint.read('b').values]).toEqual([2]);
  expect(() => checkpoint.shape('c')).toThrow(/model-00002-of-00002\.safetensors: the header claims/);
  expect(() => checkpoint.read('d')).toThrow(/index\.json: key d is missing/);
  checkpoint.close();

  writeBin('pytorch_model-00001-of-00001.bin', 'w', 7, 8);
  writeIndex('pytorch_model.bin.index.json', { w: 'pytorch_model-00001-of-00001.bin' });
  expect(contents(dir, ['bin'])).toEqual({ w: [7, 8] });
});

it('names the shards that are missing, all at once and before anything is read', () => {
  writeBin('one.bin', 'a', 1);
  writeIndex('pytorch_model.bin.index.json', { a: 'one.bin', b: 'two.bin', c: 'three.bin' });
  expect(() => openCheckpoint(dir)).toThrow(/index\.json: names two\.bin, three\.bin, which are not there/);
});

it('refuses an index that disagrees with its shards', () => {
  writeSafetensors(join(dir, 'one.safetensors'), { a: tensor(1), b: tensor(2) });
  writeIndex('model.safetensors.index.json', { a: 'one.safetensors' });
  expect(() => contents(dir)).toThrow(/one\.safetensors: key b is not in this file according to .*index\.json/);
  writeIndex('model.safetensors.index.json', { a: 'one.safetensors', b: 'one.safetensors', c: 'one.safetensors' });
  expect(() => contents(dir)).toThrow(/one\.safetensors: key c is missing; .*index\.json says it is in this file/);
});

it('refuses an index that is none or leads out of its folder', () => {
  const index = join(dir, 'model.safetensors.index.json');
  writeFileSync(index, '{');
  expect(() => openCheckpoint(dir)).toThrow(/index\.json:1:\d+: expected JSON, got/);
  writeFileSync(index, '{"weight_map": {}}');
  expect(() => openCheckpoint(dir)).toThrow(/expected weight_map, from keys to files/);
  for (const file of ['../one.safetensors', '/etc/passwd', 'one.txt', 3]) {
    writeIndex('model.safetensors.index.json', { a: file });
    expect(() => openCheckpoint(dir)).toThrow(/a should be in a \.safetensors or \.bin file beside the index, got/);
  }
});

it('says what it looked for where nothing is', () => {
  mkdirSync(join(dir, 'empty'));
  expect(() => openCheckpoint(join(dir, 'empty'))).toThrow(
    /empty: no checkpoint; expected a file, or a folder with model\.safetensors or/,
  );
  expect(() => openCheckpoint(join(dir, 'absent'))).toThrow(/absent: no checkpoint/);
});
