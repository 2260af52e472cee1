// `import` as a user meets it: the built command on a run folder with a finished run.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Json } from '@calm-orch/core';
import { openTracker } from '@calm-orch/tracker';
import { recordRun } from '../../tracker/src/recorded-run.test-util.ts';

const bin = fileURLToPath(new URL('../bin/calm-orch.js', import.meta.url));

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-import-'));
  makeRun();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const calmOrch = (...args: string[]) =>
  spawnSync(process.execPath, [bin, ...args, '--dir', join(dir, 'runs')], { encoding: 'utf8' });
const file = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};

/** Two tables, scores and comments, with one trial each. */
function makeRun(): void {
  const tracker = openTracker(join(dir, 'runs'));
  const spec = (id: string, metrics: string[]) => ({ id, title: id, metrics, footnotes: [] });
  const tables = [spec('scores', ['PLCC', 'SRCC']), spec('comments', ['ROUGE-L', 'CIDEr'])];
  const rows = tables.map(({ id }) => ({ row: `${id}/CALM`, table: id, set: {}, paper: {} }));
  const trials = rows.map(({ row }) => ({ row, seed: 0 }));
  const measured = { PLCC: 0.5, SRCC: 0.5, 'ROUGE-L': 0.3, CIDEr: 0.1 };
  const stage = { inputs: { data: 'd' }, metrics: measured };
  const left = {
    score: ['predictions.csv', 'image,target,score,expectation,text\n1,4,4,4,"4"\n2,5,4,4,"4"\n3,7,6,6,"6"\n'],
    comment: [
      'comments.json',
      JSON.stringify({
        items: [
          { id: '1', references: ['a dark house'], candidate: 'a house' },
          { id: '2', references: ['a red flower'], candidate: 'a house' },
        ],
      }),
    ],
  } as const;
  for (const [key, [name, text]] of Object.entries(left)) {
    mkdirSync(join(dir, 'runs/artifacts', key), { recursive: true });
    writeFileSync(join(dir, 'runs/artifacts', key, name), text);
  }
  const { id } = recordRun(tracker, {
    resolved: { table: tables[0], tables, rows },
    trials,
    artifacts: join(dir, 'runs/artifacts'),
    stages: [
      { ...stage, key: 'score', kind: 'evaluate-score', trials: [trials[0]!] },
      {
        ...stage,
        key: 'comment',
        kind: 'evaluate-comment',
        trials: [trials[1]!],
        config: { evaluate: { numComments: 2 } },
      },
    ],
  });
  tracker.endRun(id, 'succeeded');
  tracker.close();
}

test('scores and comments join their own tables and stay there', () => {
  const scores = calmOrch('import', file('p.csv', 'image,score\n1.jpg,1\n3.jpg,9\n8.jpg,2\n'), '--as', 'LLaVA-1.5');
  expect(scores).toMatchObject({ status: 0 });
  expect(scores.stderr).toBe(
    "LLaVA-1.5: scores of 2 of 3 test photographs; 1 missing, counted as the mean of the file's scores (2); 1 are no test photographs, left out (p.csv:4 8.jpg)\n",
  );
  expect(scores.stdout).toMatch(/^LLaVA-1\.5 +0\.982 +1\.000 +1$/m);
  expect(scores.stdout).not.toContain('comments (comments');
  const comments = calmOrch(
    'import',
    file('c.csv', 'image,comment\n1,a dark house\n2,a red flower\n'),
    '--as',
    'B',
    '--json',
  );
  const [table] = JSON.parse(comments.stdout) as { table: string; rows: { row: string; metrics: Json }[] }[];
  expect(table).toMatchObject({ table: 'comments', rows: [{ row: 'B', metrics: { 'ROUGE-L': { mean: 1 } } }, {}] });
  const later = calmOrch('tables', '--format', 'markdown').stdout;
  expect(later).toMatch(/\| LLaVA-1\.5 \| 0\.982 \|[^]*\| B \| 1\.000 \|/);
  expect(calmOrch('import', '--as', 'B', '--remove').stdout).toBe('Removed B from the tables of x.\n');
  expect(calmOrch('tables').stdout).not.toMatch(/^B /m);
});

test('mistakes are told in one sentence, and change nothing', () => {
  const good = file('good.csv', 'image,score\n1,1\n2,2\n3,4\n');
  const said = (...args: string[]) => calmOrch('import', ...args).stderr;
  expect(said(good)).toMatch(/as/);
  expect(said('--as', 'X')).toMatch(/expected a file, or --remove without one/);
  expect(said(join(dir, 'none.csv'), '--as', 'X')).toMatch(/none\.csv is not there/);
  expect(said(file('bad.csv', 'image,score\n1,1\n2,two\n'), '--as', 'X')).toMatch(
    /bad\.csv:3: expected a number as score/,
  );
  expect(said(good, '--as', 'CALM')).toMatch(/--as CALM: scores has a row of its own with that name/);
  expect(said(good, '--as', 'X', '--table', 'score')).toMatch(/in table `score`; did you mean `scores`\?/);
  expect(said(good, '--as', 'X', '--table', 'comments')).toMatch(/no trial of run x-1 has evaluated scores in table/);
  expect(said('--as', 'X', '--remove')).toMatch(/no imported row `X`/);
  const items = join(dir, 'runs/artifacts/score/predictions.csv');
  writeFileSync(items, readFileSync(items, 'utf8').replace('1,4,', '1,5,'));
  expect(said(good, '--as', 'X')).toMatch(/the test items of run x-1 are damaged \(predictions\.csv has other bytes/);
  rmSync(join(dir, 'runs/artifacts/score'), { recursive: true });
  expect(said(good, '--as', 'X')).toMatch(/the test items of run x-1 were freed: run \/x\.yaml again, then import/);
  expect(calmOrch('tables').stdout).not.toMatch(/^X /m);
});
