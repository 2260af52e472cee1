import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CalmError } from '@calm-orch/core';
import { afterAll, describe, expect, it } from 'vitest';
import { openSafetensors, readSafetensors, writeSafetensors } from './safetensors.ts';

const dir = mkdtempSync(join(tmpdir(), 'calm-orch-safetensors-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let count = 0;
const newPath = (): string => join(dir, `${count++}.safetensors`);

/** A file with this header, whatever it is, and this many bytes of data. */
function fileOf(header: unknown, data: Uint8Array = new Uint8Array(16)): string {
  const path = newPath();
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([length, json, data]));
  return path;
}

/** Reading must fail as bad data and name the file. */
function expectBad(path: string, what: RegExp | string, read: (path: string) => unknown = openSafetensors): void {
  let error: unknown;
  try {
    read(path);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(CalmError);
  expect((error as CalmError).code).toBe('bad_data');
  expect((error as CalmError).message).toContain(path);
  expect((error as CalmError).message).toMatch(what);
}

const tensors = {
  'b.weight': { shape: [2, 3], values: Float32Array.of(1, -2.5, 3e-38, 0, 65504, Math.fround(0.1)) },
  'a.scalar': { shape: [], values: Float32Array.of(7) },
  'c.empty': { shape: [0, 4], values: new Float32Array(0) },
};

it('is not written where a tensor has other numbers than its shape says', () => {
  const path = newPath();
  const values = [Float32Array.of(1, 2), Float32Array.of(3)];
  for (const shape of [[2], [2, 2]])
    expect(() => writeSafetensors(path, { w: { shape, values } })).toThrow(
      /w \(2.*\) was given 1 numbers too (few|many)/,
    );
  expect(existsSync(path)).toBe(false);
});

it('gives a tensor in pieces as it gives it whole', () => {
  const path = newPath();
  writeSafetensors(path, tensors);
  const file = openSafetensors(path);
  for (const key of file.keys) {
    const { shape, values } = file.inPieces(key);
    expect([shape, [...values].flatMap((piece) => [...piece])]).toEqual([file.shape(key), [...file.read(key).values]]);
  }
  file.close();
});

describe('a safetensors file', () => {
  it('gives back names, shapes, values and metadata', () => {
    const path = newPath();
    writeSafetensors(path, tensors, { made: 'here' });
    expect(readSafetensors(path)).toEqual(tensors);
    const file = openSafetensors(path);
    expect(file.metadata).toEqual({ made: 'here' });
    expect(file.keys).toEqual(['a.scalar', 'b.weight', 'c.empty']);
    expect(file.shape('b.weight')).toEqual([2, 3]);
    expect(file.read('b.weight').values).toEqual(tensors['b.weight'].values);
    file.close();
  });

  it('has the same bytes whatever the order of its tensors, and values of a view are those of the view', () => {
    const [one, two] = [newPath(), newPath()];
    writeSafetensors(one, tensors);
    const view = Float32Array.of(9, ...tensors['b.weight'].values).subarray(1);
    const turned = Object.fromEntries(Object.entries(tensors).reverse());
    writeSafetensors(two, { ...turned, 'b.weight': { shape: [2, 3], values: view } });
    expect(readFileSync(one).equals(readFileSync(two))).toBe(true);
    // Readers that map the file want tensors at multiples of eight.
    expect(Number(readFileSync(one).readBigUInt64LE()) % 8).toBe(0);
  });

  it('of halves and bfloat16 is read as float32', () => {
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00, 0x7e00, 0x3555);
    const bytes = new Uint8Array(halves.buffer);
    const half = fileOf({ x: { dtype: 'F16', shape: [8], data_offsets: [0, 16] } }, bytes);
    const expected = [1, -2, 65504, 2 ** -24, -0, Infinity, NaN, 0.333251953125];
    expect([...readSafetensors(half).x!.values]).toEqual(expected);
    const brain = Uint16Array.of(0x3f80, 0xc000, 0x0000, 0x7f80);
    const bfloat = fileOf({ x: { dtype: 'BF16', shape: [2, 2], data_offsets: [0, 8] } }, new Uint8Array(brain.buffer));
    expect(readSafetensors(bfloat).x).toEqual({ shape: [2, 2], values: Float32Array.of(1, -2, 0, Infinity) });
  });

  it('cut off anywhere is refused by name', () => {
    const path = newPath();
    writeSafetensors(path, tensors);
    const { length } = readFileSync(path);
    for (const size of [length - 1, length - 20, 40, 8, 7, 0]) {
      truncateSync(path, size);
      expectBad(path, /claims|expected at least 8 bytes/);
    }
  });

  it('whose header lies is refused by name and key', () => {
    const x = (entry: object): unknown => ({ x: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16], ...entry } });
    expectBad(fileOf(x({ shape: [2, 3] })), /x \(F32 2x3\) claims bytes 0 to 16 of 16/);
    expectBad(fileOf(x({ data_offsets: [4, 20] })), /x .* claims bytes 4 to 20 of 16/);
    expectBad(fileOf(x({ data_offsets: [-4, 12] })), 'x lacks dtype, shape or data_offsets');
    expectBad(fileOf(x({ shape: [-2, -2] })), 'x lacks');
    expectBad(fileOf(x({ shape: 4 })), 'x lacks');
    expectBad(fileOf({ x: null }), 'x lacks');
    expectBad(fileOf({ x: { dtype: 'F32', shape: [4] } }), 'x lacks');
    const overlapping = { a: { dtype: 'F32', shape: [2], data_offsets: [4, 12] } };
    expectBad(
      fileOf({ ...(x({ shape: [2], data_offsets: [0, 8] }) as object), ...overlapping }),
      'a begins at byte 4, within x',
    );
    expectBad(fileOf(x({ shape: [2 ** 40, 2 ** 40] })), /x .* claims bytes 0 to 16 of 16/);
    expectBad(fileOf(x({ dtype: 'F33' })), 'unknown type F33');
    expectBad(fileOf('{"x": '), 'the header is not JSON');
    expectBad(fileOf('[1]'), 'no JSON object');
    expectBad(fileOf('null'), 'no JSON object');
    const long = fileOf({});
    writeFileSync(long, Buffer.alloc(64, 0xff));
    expectBad(long, /the header claims \d+ bytes, the file has 64/);
  });

  it('of a type that is no float is opened but not read', () => {
    const path = fileOf({ n: { dtype: 'I64', shape: [2], data_offsets: [0, 16] } });
    expectBad(path, 'n is I64, expected F32, F16 or BF16', readSafetensors);
  });

  it('without the wanted key says so', () => {
    const path = newPath();
    writeSafetensors(path, tensors);
    const file = openSafetensors(path);
    for (const ask of [() => file.read('d'), () => file.shape('d')]) expectBad(path, 'key d is missing', ask);
    file.close();
  });

  it('that is not there is not found', () => {
    expect(() => openSafetensors(join(dir, 'none.safetensors'))).toThrow(
      /none\.safetensors: cannot be opened \(ENOENT\)/,
    );
  });
});
