import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import stringWidth from 'fast-string-width';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTracker, type Tracker } from '@calm-orch/tracker';
import { fillingLines, fillingTable, type FillingTable } from './filling-table.ts';

const table: FillingTable = {
  title: 'MFAM levels',
  metrics: ['PLCC', 'SRCC'],
  rows: [
    { row: 'thematic', means: [0.6634, 0.6414], trials: ['done', 'done', 'running'] },
    { row: 'thematic+high+middle', means: [0.7612, null], trials: ['running', 'waiting', 'waiting'] },
    { row: 'all', means: [null, null], trials: ['waiting', 'waiting', 'waiting'] },
    { row: 'none', means: [null, null], trials: ['failed', 'failed', 'failed'] },
  ],
};

describe('lines', () => {
  test('a cell has its mean, or whether it is computed, waits or failed', () => {
    expect(fillingLines(table, { columns: 80, rows: 20 })).toEqual([
      '  MFAM levels',
      '  row                   PLCC   SRCC   seeds',
      '  thematic              0.663  0.641  ●●◐',
      '  thematic+high+middle  0.761  ◐      ◐○○',
      '  all                   ○      ○      ○○○',
      '  none                  ✕      ✕      ✕✕✕',
    ]);
  });

  test('a narrow terminal has shorter names, then fewer columns, and never a longer line', () => {
    expect(fillingLines(table, { columns: 36, rows: 20 })[3]).toBe('  thematic+hi…  0.761  ◐      ◐○○');
    expect(fillingLines(table, { columns: 30, rows: 20 })[3]).toBe('  thematic+hi…  0.761  ◐○○');
    for (const columns of [8, 20, 30, 40])
      for (const line of fillingLines(table, { columns, rows: 20 }))
        expect(stringWidth(line)).toBeLessThanOrEqual(columns);
  });

  test('a low terminal has the rows that are being filled, and says how many there are', () => {
    const rows = Array.from({ length: 30 }, (_, i) => ({
      row: `row ${i}`,
      means: [i < 20 ? 0.5 : null, null],
      trials: [i < 20 ? ('done' as const) : i === 20 ? ('running' as const) : ('waiting' as const)],
    }));
    const lines = fillingLines({ ...table, rows }, { columns: 80, rows: 9 });
    expect(lines).toHaveLength(9);
    expect(lines.at(-1)).toBe('  6 of 30 rows');
    expect(lines.join()).toMatch(/row 19 .*row 20 .*◐/);
    expect(fillingLines({ ...table, rows }, { columns: 80, rows: 3 })).toEqual([]);
  });

  test('many seeds are counted', () => {
    const trials = Array.from({ length: 12 }, (_, i) => (i < 7 ? ('done' as const) : ('waiting' as const)));
    expect(fillingLines({ ...table, rows: [{ row: 'a', means: [1, 1], trials }] }, { columns: 80, rows: 9 })[2]).toBe(
      '  a    1.000  1.000  7 of 12',
    );
  });
});

describe('of a run', () => {
  let dir: string;
  let tracker: Tracker;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'calm-orch-filling-'));
    tracker = openTracker(dir);
  });
  afterEach(() => {
    tracker.close();
    rmSync(dir, { recursive: true, force: true });
  });

  test('the first table that is open is shown, with what its trials are at', () => {
    const head = {
      experiment: 'x',
      title: 'X',
      path: '/x.yaml',
      hash: 'h',
      versions: {},
      machine: {},
      pid: process.pid,
    };
    const spec = (id: string, metrics: string[]) => ({ id, title: id.toUpperCase(), metrics, footnotes: [] });
    const rows = ['t/a', 'u/a', 'u/b'].map((row) => ({ row, table: row[0]!, set: {}, paper: {} }));
    const tables = [spec('t', ['PLCC']), spec('u', ['PLCC'])];
    const trials = rows.flatMap(({ row }) => [0, 1].map((seed) => ({ row, seed })));
    const { id } = tracker.createRun({ ...head, resolved: { table: tables[0]!, tables, rows }, trials });
    tracker.upsertStages(
      id,
      trials.map((trial) => ({
        key: `${trial.row}${trial.seed}`,
        kind: 'evaluate-score' as const,
        ...{ trials: [trial], config: {}, inputs: {}, role: 'evaluator' as const, numItems: 1, reuse: false },
      })),
    );
    const work = (key: string, PLCC: number): void => {
      tracker.finishItem(tracker.startAttempt(id, key, 0, 'evaluator 0').token, {});
      tracker.succeedStage(id, key, { metrics: { PLCC } }, []);
    };
    expect(fillingTable(tracker, id)).toEqual({
      title: 'T',
      metrics: ['PLCC'],
      rows: [{ row: 'a', means: [null], trials: ['waiting', 'waiting'] }],
    });
    for (const [key, value] of [
      ['t/a0', 0.5],
      ['t/a1', 0.7],
      ['u/a0', 0.2],
    ] as const)
      work(key, value);
    tracker.startAttempt(id, 'u/b0', 0, 'evaluator 0');
    tracker.failStage(id, 'u/b1', 'bad');
    expect(fillingTable(tracker, id)).toEqual({
      title: 'U',
      metrics: ['PLCC'],
      rows: [
        { row: 'a', means: [0.2], trials: ['done', 'waiting'] },
        { row: 'b', means: [null], trials: ['running', 'failed'] },
      ],
    });
  });
});
