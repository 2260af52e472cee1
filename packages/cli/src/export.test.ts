// `export` as users call it: every point in CSV files that Python's csv reads, a folder that is there whole or not at all.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTracker } from '@calm-orch/tracker';
import { hardRows, lossAt, numSteps, recordHardRun } from '../../share/src/exported-run.test-util.ts';
import { calmOrch } from './calm-orch.test-util.ts';

const reader = new URL('../../../test/nightly/fixtures/read-export.py', import.meta.url).pathname;
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-export-'));
  const tracker = openTracker(join(dir, 'runs'));
  recordHardRun(tracker, join(dir, 'runs'));
  tracker.close();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (...args: string[]) => calmOrch(['export', ...args], { cwd: dir });

test('CSV holds every point with its bits, settings, final numbers and predictions, for any reader', async () => {
  const { stdout, code } = await run('--to', 'csv', '-o', 'csv', '--json');
  expect(code).toBe(0);
  const written = { run: 'x-1', to: 'csv', dir: join(dir, 'csv'), runs: 3, metrics: 5, points: 6 * numSteps };
  expect(JSON.parse(stdout)).toEqual(written);
  const python = execFileSync('python3', [reader, 'csv', join(dir, 'csv')], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  const files = JSON.parse(python) as Record<string, Record<string, string>[]>;
  for (const [i, row] of hardRows.entries()) {
    const own = files['points.csv']!.filter(
      (one) => one['row'] === row && one['curve'] === 'finetune-score/train/loss',
    );
    expect(own.map(({ step, value }) => [Number(step), Number(value)])).toEqual(
      Array.from({ length: numSteps }, (_, step) => [step, lossAt(i, step)]),
    );
  }
  expect(files['metrics.csv']).toContainEqual({
    row: hardRows[1],
    seed: '3',
    metric: 'PLCC',
    value: String(0.1 + 0.2 + 1),
  });
  expect(files['metrics.csv']).toContainEqual({ row: hardRows[1], seed: '3', metric: 'SRCC', value: '' });
  expect(files['configuration.csv']).toContainEqual({
    row: hardRows[0],
    seed: '3',
    key: 'scorePrefix',
    value: String.raw`"it is\n\"worth\""`,
  });
  expect(files['evaluate-score.csv']).toContainEqual({
    row: hardRows[1],
    seed: '3',
    image: '1',
    target: '4.5',
    prediction: '5',
    answer: '5, "so"',
  });
  expect(files['trials.csv']).toHaveLength(3);
});

test('what lies in the place of the folder is kept, unless it is to go', async () => {
  mkdirSync(join(dir, 'taken'));
  writeFileSync(join(dir, 'taken', 'mine.txt'), 'mine');
  const refused = await run('--to', 'csv', '-o', 'taken');
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('taken is there already') });
  expect(readdirSync(join(dir, 'taken'))).toEqual(['mine.txt']);
  const holding = await run('--to', 'csv', '-o', '.', '--force');
  expect(holding).toMatchObject({ code: 2, stderr: expect.stringContaining('this folder holds') });
  expect(existsSync(join(dir, 'runs', 'calm-orch.db'))).toBe(true);
  expect((await run('--to', 'csv', '-o', 'taken', '--force')).code).toBe(0);
  expect(readdirSync(join(dir, 'taken'))).not.toContain('mine.txt');
  expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test('a place that cannot be written is said in a sentence, and nothing is left', async () => {
  writeFileSync(join(dir, 'file'), '');
  const { code, stderr } = await run('--to', 'tensorboard', '-o', 'file/below');
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^calm-orch: cannot write .*file\/below/)]);
});
