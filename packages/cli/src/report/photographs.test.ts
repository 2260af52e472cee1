import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTracker, type Tracker } from '@calm-orch/tracker';
import { claim, comments, judgedRun } from '../../../report/src/verdicts/judged-run.test-util.ts';
import { choose, reportPhotographs } from './photographs.ts';
import { somePoints } from './scores.ts';

let dir: string;
let tracker: Tracker;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-photographs-'));
  tracker = openTracker(dir);
});
afterEach(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
});

test('best, typical and worst do not overlap; of few there are fewer', () => {
  const ids = (count: number) => Array.from({ length: count }, (_, id) => ({ id }));
  const shown = (count: number) => choose(ids(count)).map(({ id, why }) => `${why} ${id}`);
  expect(shown(100)).toEqual([
    ...['best 0', 'best 1', 'best 2', 'best 3'],
    ...['typical 48', 'typical 49', 'typical 50', 'typical 51'],
    ...['worst 99', 'worst 98', 'worst 97', 'worst 96'],
  ]);
  expect(shown(5)).toEqual(['best 0', 'typical 2', 'worst 4']);
  expect(shown(2)).toEqual(['typical 0', 'typical 1']);
  for (let count = 3; count < 20; count++)
    expect(new Set(shown(count).map((one) => one.split(' ')[1])).size).toBe(shown(count).length);
});

test('photographs that are gone leave what was said about them', async () => {
  const run = judgedRun(tracker, dir, [claim('PLCC')]);
  const photographs = (await reportPhotographs(tracker, run, dir))!;
  expect(photographs).toMatchObject({
    ...{ scoredBy: 'row good, seed 0', commentedBy: 'row good, seed 0', split: 'test' },
    ...{ numScored: 150, numRanked: comments('good').length },
  });
  const errors = photographs.shown.map(({ why, truth, prediction }) => [why, Math.abs(prediction! - truth!)] as const);
  const of = (wanted: string) => errors.flatMap(([why, error]) => (why === wanted ? [error] : []));
  expect(Math.max(...of('best'))).toBeLessThan(Math.min(...of('typical')));
  expect(Math.max(...of('typical'))).toBeLessThan(Math.min(...of('worst')));
  expect(photographs.shown[0]!.picture).toMatch(/not in the run folder/);
  expect(photographs.shown[0]!.references).toEqual([photographs.shown[0]!.comment, 'nice']);
});

test('comments alone are ranked by METEOR; without either there are no photographs', async () => {
  const scored = (score: (i: number) => number) => () => {
    const items = comments('good');
    return [
      'comments.json',
      JSON.stringify({ items, meteor: { name: 'METEOR', scores: items.map((_, i) => score(i)) } }),
    ] as [string, string];
  };
  const own = { 'evaluate-comment': scored((i) => (i === 7 ? 1 : 0.5 - i / 100)) };
  const run = judgedRun(tracker, dir, [], ['evaluate-comment'], {}, own);
  const { shown, points, scoredBy } = (await reportPhotographs(tracker, run, dir))!;
  expect([shown[0]!.id, shown.at(-4)!.id, points.length, scoredBy]).toEqual(['7', '39', 0, null]);
  expect(await reportPhotographs(tracker, judgedRun(tracker, dir, [], []), dir)).toBeNull();
});

test('of many points some are drawn, evenly over the scores', () => {
  const scores = Array.from({ length: 1000 }, (_, i) => (i * 7) % 1000);
  const points = somePoints(
    scores.map((score) => ({ target: score, prediction: score })),
    10,
  );
  expect(points).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900].map((at) => [at, at]));
});
