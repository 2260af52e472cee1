import { expect, it } from 'vitest';
import { constantComment, nearestRows } from './comment-baselines.ts';

it('chooses the constant comment by what it scores on training photographs, not by its frequency alone', () => {
  const train = [
    { captions: ['well done .', 'the light is just right .', 'the light is good .'] },
    { captions: ['well done .', 'the light is just fine .', 'the light is just right .'] },
    { captions: ['well done .', 'too dark .'] },
  ];
  const best = constantComment(train);
  expect(train.flatMap(({ captions }) => captions)).toContain(best);
  expect(constantComment([...train])).toBe(best);
});

it('finds the nearest row whatever the scale of a column', () => {
  const train = [Float64Array.of(0, 1000), Float64Array.of(1, 0), Float64Array.of(0.1, 0)];
  expect(nearestRows(train, [Float64Array.of(0.9, 10), Float64Array.of(0, 900), Float64Array.of(0, 1)])).toEqual([
    1, 0, 2,
  ]);
});
