import { expect, test } from 'vitest';
import { stripVTControlCharacters } from 'node:util';
import type { RowCurve } from '@calm-orch/report';
import stringWidth from 'fast-string-width';
import type { Scores } from '../report/scores.ts';
import { plotsJson, plotsText, type RunPlots } from './plot.ts';

const curve = (row: string, values: readonly number[], numCurves = 1): RowCurve => ({
  row,
  numCurves,
  points: values.map((mean, step) => [step, mean, mean - 1, mean + 1] as const),
});
const rising = Array.from({ length: 60 }, (_, i) => i);

const plots = (rows: readonly RowCurve[], scores: Scores | null = null): RunPlots => ({
  run: 'x-1',
  charts: [{ stage: 'finetune-score', metric: 'train/loss', rows }],
  scores,
});

const scored: Scores = {
  by: 'row all, seed 0',
  photographs: [
    { id: '1', target: 2, prediction: 3 },
    { id: '2', target: 5, prediction: 5 },
    { id: '3', target: 8, prediction: 4 },
  ],
};

test('a curve that rises goes from the lower left to the upper right', () => {
  const [title, , first, ...lines] = plotsText(plots([curve('all', rising)]), 80, false).split('\n');
  expect(title).toBe('train/loss of finetune-score, all');
  const drawn = lines.slice(0, -2);
  expect(first).toMatch(/ {40,}[┏━]+$/);
  expect(drawn.at(-1)).toMatch(/[┤│]━+┛$/);
});

test('without colours each row has a plot of its own; with them they share one, and the legend names them', () => {
  const rows = [curve('a', rising), curve('b', [...rising].reverse(), 3)];
  const plain = plotsText(plots(rows), 80, false);
  expect(plain.match(/^train.*$/gm)).toEqual([
    'train/loss of finetune-score, a',
    'train/loss of finetune-score, b, mean of 3 seeds',
  ]);
  expect(plain).toBe(stripVTControlCharacters(plain));
  const colored = plotsText(plots(rows), 80, true);
  expect(colored.match(/^train.*$/gm)).toEqual(['train/loss of finetune-score']);
  expect(stripVTControlCharacters(colored)).toMatch(/█ a\n.*█ b \(mean of 3 seeds\)$/);
  expect(colored).toContain('\u001b[3');
});

test.each([40, 80, 200])('a terminal of %d columns holds every line', (columns) => {
  const all = plotsText(
    plots(
      [
        curve(
          'a',
          rising.map((value) => value * 1e-5),
        ),
        curve('b', [7]),
      ],
      scored,
    ),
    columns,
    false,
  );
  const widths = all.split('\n').map((line) => stringWidth(line));
  const drawn = widths.filter((_, i) => !/photographs|^train/.test(all.split('\n')[i]!));
  expect(Math.max(...drawn)).toBeLessThanOrEqual(Math.min(columns, 100));
  expect(Math.max(...drawn)).toBeGreaterThan(Math.min(columns, 100) - 12);
});

test('one point, and a curve that does not move, are drawn', () => {
  expect(plotsText(plots([curve('one', [3])]), 80, false)).toMatch(/3┤━/);
  expect(plotsText(plots([curve('flat', [0, 0, 0])]), 80, false)).toMatch(/0┤━━━/);
});

test('predictions stand against scores, one dot each', () => {
  const text = plotsText({ run: 'x-1', charts: [], scores: scored }, 80, false);
  expect(text.match(/●/g)).toHaveLength(3);
  expect(text).toContain("prediction against people's score of 3 photographs, row all, seed 0");
});

test('a run without either says so', () => {
  expect(plotsText({ run: 'x-1', charts: [], scores: null }, 80, false)).toMatch(/No stage has recorded a curve/);
});

test('as JSON there are the points', () => {
  expect(plotsJson(plots([curve('a', [4, 2])], scored))).toEqual({
    run: 'x-1',
    curves: [
      {
        stage: 'finetune-score',
        metric: 'train/loss',
        rows: [
          {
            row: 'a',
            curves: 1,
            points: [
              [0, 4, 3, 5],
              [1, 2, 1, 3],
            ],
          },
        ],
      },
    ],
    scores: {
      by: 'row all, seed 0',
      photographs: [
        { id: '1', score: 2, prediction: 3 },
        { id: '2', score: 5, prediction: 5 },
        { id: '3', score: 8, prediction: 4 },
      ],
    },
  });
});
