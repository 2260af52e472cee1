import { rng } from '@calm-orch/core';
import { startEngine } from '@calm-orch/engine';
import { afterAll, describe, expect, it } from 'vitest';
import { numbersOf } from './numbers.ts';
import { createShardedStep, type ShardedStep, type ShardedStepSpec } from './sharded-step.ts';
import { stateDigest, wholeDigest } from './state-digest.ts';
import type { TrainingState } from './step-state.ts';

const engine = await startEngine();
const made: ShardedStep[] = [];
afterAll(() => made.forEach((sharded) => sharded.dispose()));

/** Nothing is trained; two buckets, and a size that fills no whole vector registers. */
const trainable = { a: [17, 3], b: [40], c: [5, 5] };
const total = 17 * 3 + 40 + 25;
const spec: ShardedStepSpec = { trainable, frozen: {}, numShards: 8, steps: {}, maxBucketBytes: 4 * 60 };
function make(change: Partial<ShardedStepSpec> = {}, options: { eager?: boolean } = {}): ShardedStep {
  const sharded = createShardedStep(engine, { ...spec, ...change }, options);
  made.push(sharded);
  return sharded;
}
const whole = make();

const draw = rng('state-digest', 0);
const vector = (): Float32Array => Float32Array.from({ length: total }, () => draw.normal());
const vectors = { weights: vector(), firstMoment: vector(), secondMoment: vector() };
const names = Object.keys(vectors) as (keyof typeof vectors)[];
/** In pieces that are no buckets. */
const stateOf = ({ weights, firstMoment, secondMoment }: typeof vectors): TrainingState => ({
  weights: numbersOf([weights.subarray(0, 7), weights.subarray(7)]),
  firstMoment: numbersOf([firstMoment]),
  secondMoment: numbersOf([secondMoment]),
});
const state = stateOf(vectors);
const changed = (change: (copy: Record<keyof TrainingState, Float32Array>) => void): TrainingState => {
  const { weights, firstMoment, secondMoment } = vectors;
  const copy = { weights: weights.slice(), firstMoment: firstMoment.slice(), secondMoment: secondMoment.slice() };
  change(copy);
  return stateOf(copy);
};
const bitsOf = (values: Float32Array): Int32Array => new Int32Array(values.buffer);
const digestIn = (sharded: ShardedStep, of: TrainingState): string => {
  sharded.setState(of);
  return wholeDigest([sharded.digest()]);
};
const expected = stateDigest(state);

describe('the digest of a state', () => {
  it('is the same in the graph, op by op and number by number', () => {
    expect(expected).toMatch(/^[0-9a-f]{32}$/);
    expect(digestIn(whole, state)).toBe(expected);
    expect(digestIn(make({}, { eager: true }), state)).toBe(expected);
  });

  it('takes every bit as it is: negative zero, infinities, numbers that are none, denormal ones', () => {
    const odd = changed(({ weights, secondMoment }) => {
      weights.set([0, -0, Infinity, -Infinity, NaN, 1e-45, -1e-45]);
      bitsOf(secondMoment).set([0x7fc00001, -0x3fffff, -1, 0x7f800001]);
    });
    expect(digestIn(whole, odd)).toBe(stateDigest(odd));
    expect(stateDigest(changed(({ weights }) => void (weights[0] = 0)))).not.toBe(
      stateDigest(changed(({ weights }) => void (weights[0] = -0))),
    );
  });

  it('is another after a single bit has flipped, whichever', () => {
    const seen = new Set([expected]);
    for (const name of names)
      for (let at = 0; at < total; at += 5)
        for (let bit = 0; bit < 32; bit++)
          seen.add(stateDigest(changed((copy) => void (bitsOf(copy[name])[at]! ^= 1 << bit))));
    expect(seen.size).toBe(1 + 3 * Math.ceil(total / 5) * 32);
    for (const [name, at, bit] of [
      ['weights', 0, 31],
      ['firstMoment', total - 1, 0],
      ['secondMoment', 60, 31],
    ] as const)
      // prettier-ignore
      expect(digestIn(whole, changed((copy) => void (bitsOf(copy[name])[at]! ^= 1 << bit)))).not.toBe(expected);
  });

  it('is another when two numbers change places, also where they differ in the sign alone', () => {
    const seen = new Set([expected]);
    let numSwaps = 0;
    for (const name of names)
      for (let one = 0; one < total; one++)
        for (let other = one + 1; other < total; other++) {
          if (++numSwaps % 19 !== 0) continue;
          seen.add(stateDigest(changed((copy) => {
            [copy[name][one], copy[name][other]] = [copy[name][other]!, copy[name][one]!];
          }))); // prettier-ignore
        }
    expect(seen.size).toBe(1 + Math.floor(numSwaps / 19));
    const signs = (places: readonly [number, number]): TrainingState =>
      changed(({ weights }) => places.forEach((at, i) => void (weights[at] = i === 0 ? 0.5 : -0.5)));
    expect(stateDigest(signs([3, 67]))).not.toBe(stateDigest(signs([67, 3])));
    expect(stateDigest({ ...state, weights: state.firstMoment, firstMoment: state.weights })).not.toBe(expected);
  });

  it('of a partitioned gang adds up, whatever their number, to that of a replica', () => {
    for (const numMembers of [2, 3, 5]) {
      const parts = Array.from({ length: numMembers }, (_, rank) => {
        const member = make({ slice: { numMembers, rank } });
        member.setState(state);
        return member.digest();
      });
      expect(wholeDigest(parts)).toBe(expected);
      expect(new Set(parts.map((part) => part.subarray(0, 8).join())).size).toBe(1);
    }
  });
});
