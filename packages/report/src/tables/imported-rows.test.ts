import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTracker, type ImportRecord, type RunRecord, type Tracker } from '@calm-orch/tracker';
import { recordRun } from '../../../tracker/src/recorded-run.test-util.ts';
import { renderTables } from '../formats/render.ts';
import type { Table } from '../table.ts';
import { collectTables } from './collect.ts';
import { testItemsOf } from './imported-rows.ts';

let dir: string;
let tracker: Tracker;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-imports-'));
  tracker = openTracker(dir);
});
afterEach(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
});

const resolved = {
  table: {
    id: 't1',
    title: 'Scores',
    metrics: ['PLCC', 'SRCC'],
    footnotes: ['A note.'],
    published: [{ row: 'Theirs 224', paper: { PLCC: 0.5 } }],
  },
  rows: [{ row: 'CALM', set: {}, paper: { PLCC: 0.8 } }],
};

/** A run whose one trial was evaluated on what `data` made. */
function makeRun(data = 'data-a') {
  const trials = [{ row: 'CALM', seed: 0 }];
  return recordRun(tracker, {
    resolved,
    trials,
    stages: [
      {
        key: `score-${data}`,
        kind: 'evaluate-score',
        trials,
        inputs: { data },
        metrics: { PLCC: 0.7, SRCC: 0.6 },
      },
    ],
  });
}

const tableOf = (run: RunRecord): Table => collectTables(tracker, run)[0]!;

const record: ImportRecord = {
  experiment: 'x',
  table: 't1',
  name: 'LLaVA-1.5',
  kind: 'evaluate-score',
  testItems: 'data-a',
  file: 'predictions.csv',
  sha256: 'ab',
  numItems: 500,
  missing: 2,
  unknown: 3,
  metrics: { PLCC: 0.4, SRCC: null, RMSE: 1 },
};

test('an imported row stands between the published models and our rows, in every format', () => {
  const run = makeRun();
  tracker.recordImport(record);
  const table = tableOf(run);
  expect(table.rows.map(({ row }) => row)).toEqual(['Theirs 224', 'LLaVA-1.5', 'CALM']);
  expect(renderTables([table], 'text')).toMatch(/^LLaVA-1\.5 +0\.400 +– +– +– +1$/m);
  expect(renderTables([table], 'text')).toContain(
    "LLaVA-1.5: imported from predictions.csv, measured on 500 test photographs, 2 of them missing there and counted as the mean of the file's scores.",
  );
  expect(renderTables([table], 'markdown')).toContain('| LLaVA-1.5 | 0.400 |');
  expect(renderTables([table], 'latex')).toContain('LLaVA-1.5 & 0.400 &');
  expect(renderTables([table], 'csv')).toContain('x,t1,imported,LLaVA-1.5,PLCC,0.4,,1,,,,');
  const [shown] = JSON.parse(renderTables([table], 'json')) as { rows: Record<string, unknown>[] }[];
  expect(shown!.rows[1]).toMatchObject({
    row: 'LLaVA-1.5',
    metrics: { PLCC: { mean: 0.4, n: 1 } },
    imported: [{ file: 'predictions.csv', sha256: 'ab', numItems: 500, missing: 2, unknown: 3 }],
  });
  expect(shown!.rows[2]).not.toHaveProperty('imported');
});

test('under the name of a published model the row has its numbers and the paper’s', () => {
  const run = makeRun();
  tracker.recordImport({ ...record, name: 'Theirs 224', missing: 0 });
  const { rows, footnotes } = tableOf(run);
  expect(rows.map(({ row }) => row)).toEqual(['Theirs 224', 'CALM']);
  expect(rows[0]!.metrics['PLCC']).toMatchObject({ mean: 0.4, paper: 0.5, n: 1 });
  expect(footnotes[0]).toBe('Theirs 224: imported from predictions.csv, measured on 500 test photographs.');
});

test('importing again replaces the row; removing takes it out', () => {
  const run = makeRun();
  tracker.recordImport(record);
  tracker.recordImport({ ...record, metrics: { PLCC: 0.45 } });
  expect(tracker.listImports('x')).toHaveLength(1);
  expect(tableOf(run).rows[1]!.metrics['PLCC']!.mean).toBe(0.45);
  expect(tracker.removeImports('x', 'LLaVA-1.5')).toBe(1);
  expect(tableOf(run).rows.map(({ row }) => row)).toEqual(['Theirs 224', 'CALM']);
});

test('it stays when the run is resumed and in later runs, as long as the test photographs are the same', () => {
  const run = makeRun();
  tracker.recordImport(record);
  tracker.endRun(run.id, 'failed');
  tracker.endRun(tracker.resumeRun(run.id, { pid: process.pid }).id, 'succeeded');
  expect(tableOf(tracker.getRun(run.id)).rows[1]!.row).toBe('LLaVA-1.5');
  const other = makeRun('data-b');
  const table = tableOf(other);
  expect(table.rows.map(({ row }) => row)).toEqual(['Theirs 224', 'CALM']);
  expect(table.footnotes).toEqual(['LLaVA-1.5 was imported for other test photographs: import it again.', 'A note.']);
});

test('test items are those of the data, of comments their first n', () => {
  const stage = { config: { evaluate: { numComments: 200 } }, inputs: { data: 'd' } };
  expect(testItemsOf({ ...stage, kind: 'evaluate-score' })).toBe('d');
  expect(testItemsOf({ ...stage, kind: 'evaluate-comment' })).toBe('d first 200');
});
