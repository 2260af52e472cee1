import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CalmError } from '@calm-orch/core';
import type { Weights } from '@calm-orch/model';
import { afterAll, describe, expect, it } from 'vitest';
import { fingerprintOf, readWeights, select, writeWeights } from './model-weights.ts';

const root = mkdtempSync(join(tmpdir(), 'calm-orch-weights-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const folder = (name: string): string => {
  mkdirSync(join(root, name), { recursive: true });
  return join(root, name);
};
const tensor = (...values: number[]) => ({ shape: [values.length], values: Float32Array.from(values) });
const weights: Weights = { a: tensor(1, 2), b: { shape: [2, 1], values: Float32Array.of(0.5, -3) } };

describe('the fingerprint of weights', () => {
  it('is 64 hex digits and the same whatever order they are in', () => {
    expect(fingerprintOf(weights)).toMatch(/^[0-9a-f]{64}$/);
    expect(fingerprintOf({ b: weights.b!, a: weights.a! })).toBe(fingerprintOf(weights));
    expect(fingerprintOf(structuredClone(weights))).toBe(fingerprintOf(weights));
  });

  it('changes with one bit, a name, a shape', () => {
    const flipped = structuredClone(weights) as Record<string, Weights[string]>;
    new Uint8Array(flipped.b!.values.buffer)[0]! ^= 1;
    const others: Weights[] = [
      flipped,
      { ...weights, a: tensor(1, 2.0000002) },
      { a: weights.a!, c: weights.b! },
      { ...weights, b: { shape: [1, 2], values: weights.b!.values } },
      { a: weights.a! },
      { ...weights, a: tensor(2, 1) },
    ];
    const prints = [weights, ...others].map(fingerprintOf);
    expect(new Set(prints).size).toBe(prints.length);
    const [zero, minusZero] = [tensor(0), tensor(-0)].map((z) => fingerprintOf({ z }));
    expect(zero).not.toBe(minusZero);
  });

  it('survives the disk, also for weights that are views of a longer vector', () => {
    const long = Float32Array.of(9, 1, 2, 9);
    const view: Weights = { ...weights, a: { shape: [2], values: long.subarray(1, 3) } };
    expect(fingerprintOf(view)).toBe(fingerprintOf(weights));
    writeWeights(folder('views'), view);
    expect(fingerprintOf(readWeights(folder('views')))).toBe(fingerprintOf(weights));
  });
});

describe('weights of stages', () => {
  it('are those of the last stage that has them', () => {
    writeWeights(folder('first'), { a: tensor(1), b: tensor(1) });
    writeWeights(folder('second'), { b: tensor(2), c: tensor(2) });
    const all = readWeights(folder('first'), undefined, folder('second'));
    expect(all).toEqual({ a: tensor(1), b: tensor(2), c: tensor(2) });
    expect(readWeights()).toEqual({});
  });

  it('are selected by name and shape, and the first that does not fit is named', () => {
    expect(select(weights, { b: [2, 1] })).toEqual({ b: weights.b });
    expect(() => select(weights, { b: [2] })).toThrow('checkpoint: b should be 2, is 2x1');
    expect(() => select(weights, { a: [2], c: [3, 4] })).toThrow('checkpoint: c should be 3x4, is missing');
    expect(() => select(weights, { c: [3, 4] })).toThrow(CalmError);
  });
});
