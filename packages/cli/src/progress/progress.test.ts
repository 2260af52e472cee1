import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RunView } from '@calm-orch/coordinator';
import { CalmError } from '@calm-orch/core';
import type { FillingTable } from './filling-table.ts';
import { showProgress } from './progress.ts';

/** What stands on a terminal after all that was written: lines are never longer than it is wide. */
function screenOf(writes: readonly string[]): string[] {
  const screen: string[] = [''];
  let [row, column] = [0, 0];
  const text = writes.join('').replaceAll('\u001b[', '‹');
  for (const [part] of text.matchAll(/‹\d*[AJK]|\n|[^‹\n]+/g)) {
    const [, count, what] = /^‹(\d*)([AJK])$/.exec(part) ?? [];
    if (what === 'A') [row, column] = [row - Number(count), 0];
    else if (what === 'J') {
      screen.length = row + 1;
      screen[row] = screen[row]!.slice(0, column);
    } else if (what === 'K') screen[row] = screen[row]!.slice(0, column);
    else if (part === '\n') {
      [row, column] = [row + 1, 0];
      screen[row] ??= '';
    } else {
      screen[row] = screen[row]!.slice(0, column) + part + screen[row]!.slice(column + part.length);
      column += part.length;
    }
  }
  return screen;
}

const view = (states: readonly ('waiting' | 'running' | 'succeeded')[]): RunView => ({
  ...{ runId: 'x-1', elapsedMs: 1000, leftMs: null, seeds: [0], numSeedsDone: 0, workers: [] },
  stages: states.map((state, i) => ({
    ...{ label: `stage ${i}`, state, reused: false, numDone: 0, numItems: 1, step: null, totalSteps: null },
    ...{ loss: null, samplesPerSecond: null, elapsedMs: 0, leftMs: null },
  })),
});

const table = (mean: number | null): FillingTable => ({
  title: 'T',
  metrics: ['PLCC'],
  rows: [{ row: 'all', means: [mean], trials: [mean === null ? 'running' : 'done'] }],
});

describe('on a terminal', () => {
  let writes: string[];
  const stream = (size: { columns: number; rows: number }) => ({
    ...size,
    isTTY: true,
    write: (text: string) => void writes.push(text),
  });
  const wide = { columns: 80, rows: 24 };
  beforeEach(() => {
    writes = [];
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('the table stands below the progress and fills in place', () => {
    let now = view(['running', 'waiting']);
    let mean: number | null = null;
    const progress = showProgress(stream(wide), () => now, { table: () => table(mean) });
    expect(screenOf(writes)).toEqual([
      'x-1: 0 of 2 stages, 0:01 gone',
      '  stage 0  ░░░░░░░░░░░░░░░░  for 0:00',
      '',
      '  T',
      '  row  PLCC  seeds',
      '  all  ◐     ◐',
      '',
    ]);
    now = view(['succeeded', 'succeeded']);
    mean = 0.5;
    vi.advanceTimersByTime(300);
    expect(screenOf(writes).slice(2, -1)).toEqual(['  T', '  row  PLCC   seeds', '  all  0.500  ●']);
    progress.note('a line that stays');
    expect(screenOf(writes).slice(0, 2)).toEqual(['a line that stays', 'x-1: 2 of 2 stages, 0:01 gone']);
    progress.close();
    expect(screenOf(writes)).toEqual(['a line that stays', '']);
  });

  test('a redrawing is one write that clears no line before its text is there', () => {
    const progress = showProgress(stream(wide), () => view(['running']), { table: () => table(null) });
    writes = [];
    vi.advanceTimersByTime(250);
    expect(writes).toHaveLength(1);
    expect(writes[0]!.indexOf('\u001b[0J')).toBe(writes[0]!.length - '\u001b[0J'.length);
    progress.close();
  });

  test('the tracker is asked when a stage has begun or ended, and later where it was busy', () => {
    let now = view(['waiting']);
    let numAsked = 0;
    let isBusy = false;
    const ask = (): FillingTable => {
      numAsked++;
      if (isBusy) throw new CalmError('busy', 'locked');
      return table(0.25);
    };
    const progress = showProgress(stream(wide), () => now, { table: ask });
    vi.advanceTimersByTime(1000);
    expect(numAsked).toBe(1);
    isBusy = true;
    now = view(['running']);
    vi.advanceTimersByTime(250);
    expect(screenOf(writes).join()).toContain('0.250');
    isBusy = false;
    vi.advanceTimersByTime(1000);
    expect(numAsked).toBe(3);
    progress.close();
  });

  test('a small terminal shows no more than it holds', () => {
    for (const rows of [3, 6, 8]) {
      writes = [];
      const progress = showProgress(stream({ columns: 20, rows }), () => view(['running']), {
        table: () => table(0.5),
      });
      expect(screenOf(writes).length).toBeLessThanOrEqual(rows);
      expect(Math.max(...screenOf(writes).map((line) => line.length))).toBeLessThanOrEqual(20);
      progress.close();
    }
  });
});

test('in a pipe no table is asked for', () => {
  const lines: string[] = [];
  const progress = showProgress({ write: (text) => lines.push(text) }, () => view(['running']), {
    table: () => {
      throw new Error('asked');
    },
  });
  progress.note('noted');
  progress.close();
  expect(lines).toEqual(['[0:01] noted\n']);
});
