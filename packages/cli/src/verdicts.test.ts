import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { rng, type Json } from '@calm-orch/core';
import { openTracker, type Tracker } from '@calm-orch/tracker';
import { recordRun } from '../../tracker/src/recorded-run.test-util.ts';
import { collectJudgedTables } from './verdicts.ts';

let dir: string;
let tracker: Tracker;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-verdicts-'));
  vi.stubEnv('XDG_CACHE_HOME', join(dir, 'cache'));
  tracker = openTracker(dir);
});
afterEach(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

type Kind = 'evaluate-score' | 'evaluate-comment' | 'evaluate-personal' | 'evaluate-suggest';

const claim = (metric: string, row = 'good') => ({
  ...{ claim: `${row} is better`, metric, row, is: 'better', than: ['bad'], margin: 0 },
});

/** A run of two rows, two seeds each, whose evaluate stages left what such stages leave. */
function makeRun(
  claims: Json[],
  kinds: readonly Kind[] = ['evaluate-score', 'evaluate-comment'],
  more: Readonly<Record<string, number>> = {},
  own: Partial<typeof filesOf> = {},
) {
  const trials = ['good', 'bad'].flatMap((row) => [0, 1].map((seed) => ({ row, seed })));
  const metrics = ['PLCC', 'SRCC', 'CIDEr', 'METEOR', 'BLEU-4', ...Object.keys(more)];
  const rows = ['good', 'bad'].map((row) => ({ row, set: {}, paper: {} }));
  const stages = kinds.flatMap((kind) =>
    trials.map((trial) => ({ kind, trial, key: `${kind}-${trial.row}${trial.seed}` })),
  );
  for (const { kind, key, trial } of stages) {
    const folder = join(dir, 'artifacts', key);
    mkdirSync(folder, { recursive: true });
    const [name, text] = (own[kind] ?? filesOf[kind])(trial);
    writeFileSync(join(folder, name), text);
  }
  const measured = { PLCC: 0.5, CIDEr: 1, METEOR: 0.3, 'BLEU-4': 0.2, ...more };
  return recordRun(tracker, {
    resolved: { table: { id: 't', title: 'T', metrics, footnotes: ['F'], claims }, rows },
    ...{ trials, artifacts: join(dir, 'artifacts') },
    stages: stages.map(({ kind, key, trial }) => ({ kind, key, trials: [trial], metrics: measured })),
  });
}

/** What a stage of each kind leaves. */
const filesOf: Record<Kind, (trial: { row: string; seed: number }) => [name: string, text: string]> = {
  'evaluate-score': (trial) => ['predictions.csv', predictions(trial)],
  'evaluate-comment': ({ row }) => ['comments.json', JSON.stringify({ items: comments(row) })],
  'evaluate-personal': ({ row, seed }) => {
    const lines = Array.from(
      { length: 10 },
      (_, i) => `A${i},${(row === 'good' ? 0.6 : 0.3) + 0.01 * seed + 0.02 * i}`,
    );
    return ['annotators.csv', `worker,SRCC\n${lines.join('\n')}\n`];
  },
  'evaluate-suggest': ({ row }) => {
    const items = Array.from({ length: 72 }, (_, i) => ({
      ...{ photo: `p${i % 6}`, crop: i % 4, degradation: `d${i}` },
      right: i % (row === 'good' ? 2 : 6) === 0,
    }));
    return ['suggestions.json', JSON.stringify({ judge: 'keywords', items })];
  },
};

function predictions({ row, seed }: { row: string; seed: number }): string {
  const lines = Array.from({ length: 150 }, (_, i) => {
    const target = rng('target', i).normal(5, 1);
    return `${i},${target},${target + rng(row, seed, i).normal(0, row === 'good' ? 0.3 : 2)},5,"5, or so"`;
  });
  return `image,target,score,expectation,text\n${lines.join('\n')}\n`;
}

function comments(row: string) {
  return Array.from({ length: 40 }, (_, i) => {
    const text = `a ${['sharp', 'dark', 'noisy', 'vivid'][i % 4]} photo of ${['sand', 'snow', 'a dog'][i % 3]}`;
    return { id: `${i}`, references: [text, 'nice'], candidate: row === 'good' ? text : 'a photo' };
  });
}

test('claims about scores and comments are judged on the test items of the trials', async () => {
  const run = makeRun([claim('PLCC'), claim('SRCC'), claim('CIDEr'), { ...claim('PLCC'), row: 'bad', than: ['good'] }]);
  const [table] = await collectJudgedTables(tracker, run, dir);
  const { verdicts } = table!;
  expect(verdicts!.map(({ metric, verdict }) => `${metric} ${verdict}`)).toEqual([
    ...['PLCC reproduced', 'SRCC reproduced', 'CIDEr reproduced', 'PLCC not reproduced'],
  ]);
});

test('a freed artifact leaves its claims open; a damaged one too, and is named', async () => {
  const run = makeRun([claim('PLCC')]);
  for (const seed of [0, 1]) rmSync(join(dir, `artifacts/evaluate-score-bad${seed}`), { recursive: true });
  const [table] = await collectJudgedTables(tracker, run, dir);
  const { verdicts } = table!;
  expect(verdicts).toMatchObject([{ verdict: 'inconclusive', interval: null, reason: 'no result of bad' }]);
  // A digit of a score: the file reads well, and says something else.
  const path = join(dir, 'artifacts/evaluate-score-good1/predictions.csv');
  writeFileSync(
    path,
    readFileSync(path, 'utf8')
      .replace(/[1-8]\n/, '9\n')
      .replace(/,5\.(\d)/, ',9.$1'),
  );
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const [damaged] = await collectJudgedTables(tracker, run, dir);
  expect(said.mock.calls.map(([text]) => text)).toEqual([
    'calm-orch: evaluate-score evaluate: predictions.csv has other bytes; it is left out (`calm-orch run /x.yaml` makes it again)\n',
  ]);
  said.mockRestore();
  expect(damaged!.rows.map(({ metrics }) => metrics['PLCC']!.interval)).not.toEqual(
    table!.rows.map(({ metrics }) => metrics['PLCC']!.interval),
  );
});

test('a file that is gone takes intervals and verdicts along, not the table', async () => {
  const run = makeRun([claim('PLCC')]);
  for (const seed of [0, 1]) rmSync(join(dir, `artifacts/evaluate-score-bad${seed}/predictions.csv`));
  const [table] = await collectJudgedTables(tracker, run, dir);
  const [good, bad] = table!.rows.map(({ metrics }) => metrics['PLCC']!);
  expect([bad!.interval, bad!.mean, good!.interval]).toEqual([undefined, 0.5, expect.any(Array)]);
  expect(table!.verdicts).toMatchObject([{ verdict: 'inconclusive', reason: 'no result of bad' }]);
});

test('claims about personalized assessment and suggesting are judged over annotators and answers', async () => {
  const run = makeRun([claim('SRCC'), claim('average')], ['evaluate-personal', 'evaluate-suggest']);
  const [table] = await collectJudgedTables(tracker, run, dir);
  expect(table!.verdicts!.map(({ metric, verdict }) => `${metric} ${verdict}`)).toEqual([
    ...['SRCC reproduced', 'average reproduced'],
  ]);
  expect(table!.verdicts![0]!.difference).toBeCloseTo(0.3, 12);
  expect(table!.verdicts![1]!.difference).toBeCloseTo(1 / 3, 12);
});

test('a column that an older version measured keeps its values, without intervals', async () => {
  const run = makeRun([], ['evaluate-score'], { 'PLCC (logistic fit)': 0.6 });
  const [table] = await collectJudgedTables(tracker, run, dir);
  const cell = table!.rows[0]!.metrics['PLCC (logistic fit)']!;
  expect([cell.mean, cell.interval]).toEqual([0.6, undefined]);
});

test('cells have intervals over the test items, and a note says what METEOR matched', async () => {
  const run = makeRun([]);
  const [table] = await collectJudgedTables(tracker, run, dir);
  const [good, bad] = table!.rows.map(({ metrics }) => metrics);
  for (const metric of ['PLCC', 'CIDEr', 'METEOR', 'BLEU-4']) {
    const [[low, high], [otherLow, otherHigh]] = [good![metric]!.interval!, bad![metric]!.interval!];
    expect([metric, low <= high, otherLow <= otherHigh, otherHigh < low]).toEqual([metric, true, true, true]);
  }
  expect(table!.footnotes).toEqual([expect.stringMatching(/^METEOR matched exact, stem; --meteor-dir names/), 'F']);
  tracker.endRun(run.id, 'succeeded');
  const withScores = makeRun(
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
  const [again] = await collectJudgedTables(tracker, withScores, dir);
  expect(again!.footnotes[0]).toBe('METEOR matched exact words, stems, synonyms and paraphrases.');
  // The scores the stage has left, not computed anew.
  const [low, high] = again!.rows[0]!.metrics['METEOR']!.interval!;
  expect([low > 0.9, high < 0.94]).toEqual([true, true]);
});

test('what was judged is remembered until the test items change', async () => {
  const run = makeRun([claim('PLCC')], ['evaluate-score']);
  const judged = await collectJudgedTables(tracker, run, dir);
  const folder = join(dir, 'cache', 'calm-orch', 'judgements');
  const [kept] = readdirSync(folder);
  const text = readFileSync(join(folder, kept!), 'utf8');
  expect(await collectJudgedTables(tracker, run, dir)).toEqual(judged);
  // What is read back is shown, not judged again.
  writeFileSync(join(folder, kept!), text.replaceAll('reproduced', 'inconclusive'));
  expect((await collectJudgedTables(tracker, run, dir))[0]!.verdicts![0]!.verdict).toBe('inconclusive');
  writeFileSync(join(folder, kept!), text.slice(0, 40));
  expect(await collectJudgedTables(tracker, run, dir)).toEqual(judged);
  rmSync(join(dir, 'artifacts', 'evaluate-score-bad0'), { recursive: true });
  expect((await collectJudgedTables(tracker, run, dir))[0]!.verdicts).not.toEqual(judged[0]!.verdicts);
  expect(readdirSync(folder)).toHaveLength(2);
});
