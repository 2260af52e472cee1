import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { captionMetrics } from '../metrics/captions.ts';
import { readTrialItems } from './read-items.ts';

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch-items-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const once = (count: number): number[] => new Array<number>(count).fill(1);

it('comments of a baseline are found by its name, and measured as those of a trial', async () => {
  const of = (...candidates: string[]) => ({
    items: candidates.map((candidate, i) => ({
      id: `${i}`,
      references: [['a sharp photo', 'a dark photo of snow', 'nice colors'][i]!],
      candidate,
    })),
  });
  const nearest = of('a sharp photo', 'a dark photo', 'nice');
  const written = { 'constant comment': of('nice', 'nice', 'nice'), "nearest photograph's comment": nearest };
  writeFileSync(join(dir, 'comments.json'), JSON.stringify(written));
  const { of: itemsOf } = await readTrialItems('baselines-comment', dir);
  const { CIDEr, 'ROUGE-L': rouge } = captionMetrics(nearest.items).corpus;
  expect(itemsOf('CIDEr', "nearest photograph's comment")!.ids).toEqual(['0', '1', '2']);
  expect(itemsOf('CIDEr', "nearest photograph's comment")!.statistic(once(3))).toBeCloseTo(CIDEr!, 12);
  expect(itemsOf('ROUGE-L', "nearest photograph's comment")!.statistic(once(3))).toBeCloseTo(rouge!, 12);
  expect(itemsOf('CIDEr', 'constant comment')!.statistic(once(3))).toBeLessThan(CIDEr!);
  expect([itemsOf('CIDEr'), itemsOf('average', 'answers permuted over degradations')]).toEqual([undefined, undefined]);
});

it('answers permuted over degradations are as right as the mean over all degradations of what the judge says', async () => {
  const items = [
    { degradation: 'noise', answer: 'It is too dark and noisy.', right: true },
    { degradation: 'darker', answer: 'It is too dark.', right: true },
    { degradation: 'noise', answer: 'It is fine.', right: false },
    { degradation: 'darker', answer: 'It is noisy.', right: false },
  ].map((item, i) => ({ photo: `p${i >> 1}`, crop: 0, ...item }));
  const write = (judge: string) => writeFileSync(join(dir, 'suggestions.json'), JSON.stringify({ judge, items }));
  write('keywords');
  const { of: itemsOf } = await readTrialItems('evaluate-suggest', dir);
  const permuted = itemsOf('average', 'answers permuted over degradations')!;
  // Each degradation with all answers: noise is named in two of four, darkness in two of four.
  expect(permuted.statistic(once(4))).toBe(0.5);
  expect(permuted.statistic([1, 1, 0, 0])).toBe(0.75);
  expect(permuted).toMatchObject({ ids: itemsOf('average')!.ids, clusters: ['p0', 'p0', 'p1', 'p1'] });
  write('a-model');
  const { of: byModel } = await readTrialItems('evaluate-suggest', dir);
  expect(byModel('average', 'answers permuted over degradations')).toBeUndefined();
  expect(byModel('average')!.statistic(once(4))).toBe(0.5);
});
