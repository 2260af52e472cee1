import { expect, test } from 'vitest';
import type { Band, Curve } from '../../api/runs.ts';
import { chartsOfBands, withPoints } from './chart-curves.ts';
import { residualPlot, dotsOf, nearestTo, type Residual } from './residuals.ts';

test('points that come later are put in their places; one told twice counts once', () => {
  const curve = (id: number, points: Curve['points']): Curve => ({ id, stage: 's', item: 0, name: 'loss', points });
  // prettier-ignore
  const old = [curve(1, [[0, 4], [2, 1]]), curve(2, [[0, 1]])];
  // prettier-ignore
  const fresh = new Map<number, Curve['points']>([[1, [[3, 0.5], [1, 2], [2, 1.5]]], [7, [[3, 7]]]]);
  expect(withPoints(old, fresh).map(({ points }) => JSON.stringify(points))).toEqual([
    '[[0,4],[1,2],[2,1.5],[3,0.5]]',
    '[[0,1]]',
  ]);
});

test('seeds of a row are a line of means between the least and the greatest, a colour a row', () => {
  const band = (label: string, name: string): Band => ({ label, name, seeds: [0, 1, 2], points: [[0, 2, 1, 4]] });
  const charts = chartsOfBands([band('a', 'rate'), band('a', 'train/loss'), band('b', 'train/loss')]);
  expect(charts.map(({ name }) => name)).toEqual(['train/loss', 'rate']);
  const [a, b] = charts[0]!.curves;
  expect(a).toMatchObject({ label: 'a, mean of 3 seeds', points: [[0, 2]], between: [[[0, 1]], [[0, 4]]] });
  expect(a!.style.color).not.toBe(b!.style.color);
  expect(charts[1]!.curves[0]!.style).toEqual(a!.style);
});

test('what is predicted rightly lies on the diagonal; a place finds the nearest dot, if one is near', () => {
  const points: Residual[] = [
    ['a', 2, 2],
    ['b', 4, 3],
    ['c', 4.1, 3],
  ];
  const plot = residualPlot(points, { left: 0, right: 300, top: 0, bottom: 300 });
  expect([plot.low, plot.high, plot.ticks]).toEqual([2, 5, [2, 3, 4, 5]]);
  expect(dotsOf(points, plot)).toBe('M0.0 300.0h0M200.0 200.0h0M210.0 200.0h0');
  expect(nearestTo(points, plot, { x: 206, y: 201 })).toBe(points[2]);
  expect(nearestTo(points, plot, { x: 100, y: 100 })).toBeUndefined();
});
