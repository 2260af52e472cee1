import { expect, it } from 'vitest';
import { rng } from '@calm-orch/core';
import { roundToBfloat16, upperHalves, widen } from './bfloat16.ts';

it('rounds to the nearest, halves to even', () => {
  const [one, step] = [1, 2 ** -7];
  const values = Float32Array.of(
    one + step / 2,
    one + 1.5 * step,
    one + 0.51 * step,
    one + 0.49 * step,
    -one - 0.51 * step,
    -0,
    Infinity,
    3.4e38,
  );
  roundToBfloat16(values);
  expect([...values]).toEqual([one, one + 2 * step, one + step, one, -one - step, -0, Infinity, Infinity]);
  const nothing = Float32Array.of(NaN);
  roundToBfloat16(nothing);
  expect(nothing[0]).toBeNaN();
});

it('is kept in half the bytes without loss', () => {
  const draw = rng('bfloat16 test');
  const values = Float32Array.from({ length: 1000 }, () => draw.normal(0, 3));
  roundToBfloat16(values);
  const halves = upperHalves(values);
  expect(halves.byteLength).toBe(2000);
  const back = new Float32Array(1000);
  widen(halves, back);
  expect(back).toEqual(values);
});
