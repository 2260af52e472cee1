import { expect, test } from 'vitest';
import { silenceLimit } from './silence-limit.ts';

const progress = { type: 'progress' } as const;
const alive = { type: 'alive', waiting: false } as const;
const waiting = { type: 'alive', waiting: true } as const;

test('before two reports of progress six times as long, then as long as asked for', () => {
  const limit = silenceLimit(30_000);
  expect(limit.after({ type: 'started' }, 0)).toBe(180_000);
  // Photographs are encoded, then the first step is traced: neither is a step.
  expect(limit.after(alive, 50_000)).toBe(180_000);
  expect(limit.after(progress, 200_000)).toBe(180_000);
  expect(limit.after(alive, 200_001)).toBe(180_000);
  expect(limit.after(progress, 201_000)).toBe(30_000);
  expect(limit.after(waiting, 202_000)).toBe(90_000);
});

test('where steps are longer, three times the longest of them', () => {
  const limit = silenceLimit(30_000);
  limit.after({ type: 'started' }, 0);
  limit.after(progress, 100_000);
  limit.after(alive, 100_001);
  expect(limit.after(progress, 140_001)).toBe(120_000);
  expect(limit.after(progress, 190_001)).toBe(150_000);
  expect(limit.after(progress, 191_001)).toBe(150_000);
});

test('a gang is silent while it computes, not while it waits', () => {
  const limit = silenceLimit(1000);
  limit.after({ type: 'started' }, 0);
  limit.after(progress, 5000);
  for (let second = 10; second < 60; second++) limit.after(waiting, second * 1000);
  expect(limit.after(progress, 60_000)).toBe(15_000);
});
