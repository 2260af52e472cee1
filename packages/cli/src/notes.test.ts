// What people write about runs, and tables that are printed again.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTracker } from '@calm-orch/tracker';
import { recordRun } from '../../tracker/src/recorded-run.test-util.ts';
import { calmOrch, program } from './calm-orch.test-util.ts';

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch-notes-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const trials = [{ row: 'all', seed: 0 }];
const table = { id: 'table-5', title: 'Levels', metrics: ['PLCC'], footnotes: [] };
const resolved = {
  table,
  rows: [{ row: 'all', set: {}, paper: {} }],
  config: { data: { source: 'studio' }, evaluate: { split: 'test' } },
};
function record(key: string, PLCC: number): void {
  const tracker = openTracker(dir);
  const stages = [{ key, kind: 'evaluate-score', trials, metrics: { PLCC } }] as const;
  tracker.endRun(recordRun(tracker, { resolved, trials, stages }).id, 'succeeded');
  tracker.close();
}
const ask = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await calmOrch([...args, '--dir', dir]);
  return code === 0 ? stdout : `${code} ${stderr}`;
};

test('a run is tagged, written about, listed by its tag and shown with all', async () => {
  record('a', 0.5);
  record('b', 0.6);
  expect(await ask('tag', 'x-1', '--add', 'baseline', '--add', 'wip')).toBe('baseline\nwip\n');
  expect(await ask('tag', 'x-1', '--remove', 'wip', '--json')).toBe(
    '{\n  "run": "x-1",\n  "tags": [\n    "baseline"\n  ]\n}\n',
  );
  expect(await ask('tag', 'x-2')).toBe('Run x-2 has no tags.\n');
  expect(await ask('note', 'x-1', 'the', 'fan was loud')).toContain('Written down of run x-1');
  const listed = await ask('runs', '--tag', 'baseline');
  expect([listed.match(/TAGS/g), listed.match(/^x-\d.*baseline/gm)]).toEqual([
    ['TAGS'],
    [expect.stringMatching(/^x-1/)],
  ]);
  expect(JSON.parse(await ask('runs', '--json'))).toMatchObject([
    { run: 'x-2', tags: [] },
    { run: 'x-1', tags: ['baseline'] },
  ]);
  expect(await ask('show', 'x-1')).toMatch(/tags: baseline[\s\S]*Notes\n {2}\S+ \S+ +the fan was loud/);
  expect(JSON.parse(await ask('show', 'x-1', '--json'))).toMatchObject({
    tags: ['baseline'],
    notes: [{ text: 'the fan was loud' }],
  });
  expect(await ask('tag', 'x-1', '--add', 'two words')).toMatch(/^2 calm-orch: a tag is .* got "two words"/);
});

test('a watched table is printed once, again when its numbers change, and ends well with Ctrl-C', async () => {
  record('a', 0.5);
  const child = spawn(process.execPath, [program, 'tables', '--watch', '--json', '--dir', dir]);
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const values = (): unknown[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map(
        (line) =>
          (JSON.parse(line) as [{ rows: [{ metrics: { PLCC: { mean: number } } }] }])[0].rows[0].metrics.PLCC.mean,
      );
  try {
    await expect.poll(values).toEqual([0.5]);
    await ask('note', 'x-1', 'this changes no number');
    record('b', 0.6);
    await expect.poll(values).toEqual([0.5, 0.6]);
  } finally {
    child.kill('SIGINT');
  }
  expect(await ended).toBe(0);
});
