import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTracker, type RunRecord, type Tracker } from '@calm-orch/tracker';
import type { Table } from '../table.ts';
import { judgeTables } from './judge-tables.ts';
import { undecidedRows } from './undecided-rows.ts';
import { claim, comments, judgedRun, seeds } from './judged-run.test-util.ts';

let dir: string;
let tracker: Tracker;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-verdicts-'));
  tracker = openTracker(dir);
});
afterEach(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
});

const judgedTables = (run: RunRecord) =>
  judgeTables(tracker, run, {
    cacheDir: join(dir, 'cache'),
    artifactOf: ({ key }) => {
      const folder = join(dir, 'artifacts', key);
      return existsSync(folder) ? { dir: folder, files: tracker.listArtifacts(key) } : null;
    },
  });

test('claims about scores and comments are judged on the test items of the trials', async () => {
  const run = judgedRun(tracker, dir, [
    claim('PLCC'),
    claim('SRCC'),
    claim('CIDEr'),
    { ...claim('PLCC'), row: 'bad', than: ['good'] },
  ]);
  const [table] = await judgedTables(run);
  expect(table!.verdicts.map(({ metric, verdict }) => `${metric} ${verdict}`)).toEqual([
    'PLCC holds',
    'SRCC holds',
    'CIDEr undecided',
    'PLCC does not hold',
  ]);
});

test('a file that is gone takes intervals and verdicts along, not the table', async () => {
  const run = judgedRun(tracker, dir, [claim('PLCC')]);
  for (const seed of seeds) rmSync(join(dir, `artifacts/evaluate-score-bad${seed}/predictions.csv`));
  const [table] = await judgedTables(run);
  const [good, bad] = table!.rows.map(({ metrics }) => metrics['PLCC']!);
  expect([bad!.interval, bad!.mean, good!.interval]).toEqual([undefined, 0.5, expect.any(Array)]);
  expect(table!.verdicts).toMatchObject([{ verdict: 'not judged', reason: 'no result of bad' }]);
});

test('claims about personalized assessment and suggesting are judged over annotators and answers', async () => {
  const run = judgedRun(tracker, dir, [claim('SRCC'), claim('average')], ['evaluate-personal', 'evaluate-suggest'], {
    average: 0.5,
  });
  const [table] = await judgedTables(run);
  expect(table!.verdicts.map(({ metric, verdict }) => `${metric} ${verdict}`)).toEqual(['SRCC holds', 'average holds']);
  expect(table!.verdicts[0]!.difference).toBeCloseTo(0.305, 12);
  expect(table!.verdicts[1]!.difference).toBeCloseTo(1 / 3, 12);
  expect(table!.footnotes[0]).toBe('Test items: 10 (SRCC); 72 of 6 photographs (average).');
});

test('a row is compared with a baseline of the same photographs, which has no seeds of its own', async () => {
  const than = (name: string) => ({ ...claim('CIDEr'), than: [name] });
  const claims = [than('constant comment'), than("nearest photograph's comment"), claim('PLCC')];
  // The row has the nearest comments but for ten or eleven, where it has the constant one.
  const some = ({ row, seed }: { row: string; seed: number }): [string, string] => {
    const items = comments(row).map((item, i) => (i < 10 + (seed % 2) ? { ...item, candidate: 'a photo' } : item));
    return ['comments.json', JSON.stringify({ items })];
  };
  const kinds = ['evaluate-score', 'evaluate-comment', 'baselines-comment'] as const;
  // It is no claim of the paper even where the table has the paper's numbers.
  const beside = { published: [{ row: 'VILA', paper: { PLCC: 0.2 } }] };
  const run = judgedRun(tracker, dir, claims, kinds, {}, { 'evaluate-comment': some }, beside);
  const [{ verdicts }] = (await judgedTables(run)) as [Table];
  expect(verdicts).toMatchObject([
    { verdict: 'holds', own: true, comparisons: [{ than: 'constant comment', verdict: 'holds' }] },
    { verdict: 'does not hold', own: true, comparisons: [{ than: "nearest photograph's comment", effect: null }] },
    { verdict: 'reproduced' },
  ]);
  expect(verdicts[2]).not.toHaveProperty('own');
  rmSync(join(dir, 'artifacts', 'baselines-comment-all0'), { recursive: true });
  expect((await judgedTables(run))[0]!.verdicts[0]!.reason).toBe('rows were evaluated on different items');
  rmSync(join(dir, 'artifacts', 'baselines-comment-few0'), { recursive: true });
  expect((await judgedTables(run))[0]!.verdicts[0]!.reason).toBe('no result of constant comment');
});

test('a row is compared with its own answers permuted over degradations', async () => {
  // Four degradations of each of six photographs; an answer names one or none.
  const answers = {
    noise: 'It is noisy.',
    blur: 'It is blurred.',
    darker: 'It is too dark.',
    brighter: 'It is too bright.',
  };
  const suggestions = ({ row, seed }: { row: string; seed: number }): [string, string] => {
    const items = Array.from({ length: 6 }, (_, photo) =>
      Object.entries(answers).map(([degradation, answer], i) => {
        const right = row === 'good' && (i > 0 || photo > seed % 2);
        return { photo: `p${photo}`, crop: 0, degradation, answer: right ? answer : 'It is fine.', right };
      }),
    ).flat();
    return ['suggestions.json', JSON.stringify({ judge: 'keywords', items })];
  };
  const than = { ...claim('average'), than: ['answers permuted over degradations'] };
  const own = { 'evaluate-suggest': suggestions };
  const run = judgedRun(tracker, dir, [than, { ...than, row: 'bad' }], ['evaluate-suggest'], { average: 0.5 }, own);
  const [table] = await judgedTables(run);
  const [good, bad] = table!.verdicts;
  // A quarter of what is right in its own place is right in any.
  expect(good!.difference).toBeCloseTo((22.5 / 24) * (3 / 4), 12);
  expect([good!.verdict, bad!.verdict, bad!.difference]).toEqual(['holds', 'undecided', 0]);
});

test('published numbers are compared with where the data are files, the paper’s numbers say how large the effect is', async () => {
  const than = { ...claim('PLCC'), than: ['VILA'] };
  const published = [{ row: 'VILA', paper: { PLCC: 0.2 } }];
  const verdictOn = async (source: string, split = 'test') => {
    const beside = { published, config: { data: { source }, evaluate: { split } } };
    const [table] = await judgedTables(judgedRun(tracker, dir, [than], ['evaluate-score'], {}, {}, beside));
    return table!.verdicts[0];
  };
  expect(await verdictOn('studio')).toMatchObject({
    verdict: 'not judged',
    reason: "published numbers are of the paper's test photographs, these of the studio",
  });
  expect((await verdictOn('files', 'val'))!.reason).toMatch(/these of the validation split$/);
  expect(await verdictOn('files')).toMatchObject({ verdict: 'reproduced', comparisons: [{ than: 'VILA' }] });
});

test('a run that goes on until its claims are decided is judged at its looks', async () => {
  const more = { looks: [2, 3, 4], untilDecided: { maxSeeds: 8 } };
  const run = judgedRun(tracker, dir, [claim('PLCC'), claim('CIDEr')], undefined, {}, {}, more);
  const [table] = await judgedTables(run);
  expect(table!.footnotes[1]).toBe(
    'Claims were judged at 2, 3, 4 seeds of at most 8; their intervals hold at all these looks together.',
  );
  expect(table!.verdicts.map(({ verdict }) => verdict)).toEqual(['holds', 'undecided']);
  expect(undecidedRows(table!)).toEqual([{ rows: ['good', 'bad'], seedsToDecide: 5 }]);
});

test('a column that an older version measured keeps its values, without intervals', async () => {
  const run = judgedRun(tracker, dir, [], ['evaluate-score'], { 'PLCC (logistic fit)': 0.6 });
  const [table] = await judgedTables(run);
  const cell = table!.rows[0]!.metrics['PLCC (logistic fit)']!;
  expect([cell.mean, cell.interval]).toEqual([0.6, undefined]);
});

test('cells have intervals over the test items, and a note says what METEOR matched', async () => {
  const run = judgedRun(tracker, dir, []);
  const [table] = await judgedTables(run);
  const [good, bad] = table!.rows.map(({ metrics }) => metrics);
  for (const metric of ['PLCC', 'CIDEr', 'METEOR', 'BLEU-4']) {
    const [[low, high], [otherLow, otherHigh]] = [good![metric]!.interval!, bad![metric]!.interval!];
    expect([metric, low <= high, otherLow <= otherHigh, otherHigh < low]).toEqual([metric, true, true, true]);
  }
  expect(table!.footnotes).toEqual([
    'Test items: 150 (PLCC, SRCC); 40 (CIDEr, METEOR, BLEU-4).',
    expect.stringMatching(/^METEOR matched exact, stem; --meteor-dir names/),
    'F',
  ]);
  tracker.endRun(run.id, 'succeeded');
  const withScores = judgedRun(
    tracker,
    dir,
    [],
    undefined,
    {},
    {
      'evaluate-comment': ({ row }) => {
        const items = comments(row);
        const meteor = { name: 'METEOR', scores: items.map((_, i) => (row === 'good' ? 0.9 : 0.1) + 0.001 * i) };
        return ['comments.json', JSON.stringify({ items, meteor })];
      },
    },
  );
  const [again] = await judgedTables(withScores);
  expect(again!.footnotes[1]).toBe('METEOR matched exact words, stems, synonyms and paraphrases.');
  // The scores the stage has left, not computed anew.
  const [low, high] = again!.rows[0]!.metrics['METEOR']!.interval!;
  expect([low > 0.9, high < 0.94]).toEqual([true, true]);
});

test('what was judged is remembered until the test items change', async () => {
  const run = judgedRun(tracker, dir, [claim('PLCC')], ['evaluate-score']);
  const judged = await judgedTables(run);
  const folder = join(dir, 'cache', 'judgements');
  const [kept] = readdirSync(folder);
  const text = readFileSync(join(folder, kept!), 'utf8');
  expect(await judgedTables(run)).toEqual(judged);
  // What is read back is shown, not judged again.
  writeFileSync(join(folder, kept!), text.replaceAll('holds', 'undecided'));
  expect((await judgedTables(run))[0]!.verdicts[0]!.verdict).toBe('undecided');
  writeFileSync(join(folder, kept!), text.slice(0, 40));
  expect(await judgedTables(run)).toEqual(judged);
  rmSync(join(dir, 'artifacts', 'evaluate-score-bad0'), { recursive: true });
  expect((await judgedTables(run))[0]!.verdicts).not.toEqual(judged[0]!.verdicts);
  expect(readdirSync(folder)).toHaveLength(2);
});
