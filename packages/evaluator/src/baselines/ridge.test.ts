import { rng } from '@calm-orch/core';
import { describe, expect, it } from 'vitest';
import { plcc } from '../metrics/correlation.ts';
import { matrixOf, ridgePredict, type Matrix } from './ridge.ts';

function randomMatrix(name: string, rows: number, columns: number): Matrix {
  const random = rng('ridge.test', name);
  return { rows, columns, data: Float64Array.from({ length: rows * columns }, () => random.normal()) };
}

/** Targets linear in the features, offset by 5, with normal noise. */
function targetsOf({ rows, columns, data }: Matrix, noise: number): Float64Array {
  const random = rng('ridge.test', 'noise', rows);
  const weight = (column: number): number => Math.cos(column) / Math.sqrt(columns);
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = 5 + noise * random.normal();
    for (let c = 0; c < columns; c++) sum += weight(c) * data[row * columns + c]!;
    return sum;
  });
}

describe('ridgePredict', () => {
  it('recovers a linear relation', () => {
    const train = randomMatrix('train', 200, 6);
    const test = randomMatrix('test', 50, 6);
    const { predictions } = ridgePredict(train, targetsOf(train, 0), test);
    const expected = targetsOf(test, 0);
    predictions.forEach((prediction, i) => expect(prediction).toBeCloseTo(expected[i]!, 3));
  });

  it('agrees with the closed form for one feature', () => {
    const x = matrixOf([[0], [1], [2], [3], [4]]);
    const y = [1, 3, 2, 5, 4];
    const { predictions, lambda } = ridgePredict(x, y, x);
    // Standardised by the deviation sqrt(2): x'y / (x'x + 5 lambda), both over 5.
    const slope = 8 / Math.SQRT2 / 5 / (1 + lambda) / Math.SQRT2;
    predictions.forEach((prediction, i) => expect(prediction).toBeCloseTo(3 + slope * (i - 2), 10));
  });

  it('gives the same answer in the dual form', () => {
    const narrow = randomMatrix('narrow', 60, 10);
    const test = randomMatrix('narrow test', 20, 10);
    // Every feature eight times over has the solution of each once, with an eighth of the penalty.
    const repeat = ({ rows, columns, data }: Matrix): Matrix =>
      matrixOf(
        Array.from({ length: rows }, (_, row) =>
          Array.from({ length: 8 }, () => [...data.subarray(row * columns, (row + 1) * columns)]).flat(),
        ),
      );
    const y = targetsOf(narrow, 0);
    const wide = ridgePredict(repeat(narrow), y, repeat(test)).predictions;
    ridgePredict(narrow, y, test).predictions.forEach((p, i) => expect(wide[i]).toBeCloseTo(p, 3));
  });

  it('penalises more where there is more noise', () => {
    const train = randomMatrix('train', 100, 60);
    const test = randomMatrix('test', 10, 60);
    const quiet = ridgePredict(train, targetsOf(train, 0.01), test).lambda;
    expect(ridgePredict(train, targetsOf(train, 2), test).lambda).toBeGreaterThan(quiet);
  });

  it('ignores constant features and survives two equal ones and a constant target', () => {
    const x = matrixOf([1, 2, 3, 4, 5, 6, 7].map((v) => [v, 0.1, v, 1e9]));
    const { predictions } = ridgePredict(x, [2, 4, 6, 8, 10, 12, 14], x);
    predictions.forEach((prediction, i) => expect(prediction).toBeCloseTo(2 * (i + 1), 2));
    for (const constant of ridgePredict(x, [3, 3, 3, 3, 3, 3, 3], x).predictions) expect(constant).toBeCloseTo(3, 12);
  });

  it('gives the same bits each time', () => {
    const train = randomMatrix('train', 90, 30);
    const y = targetsOf(train, 0.5);
    expect(ridgePredict(train, y, train)).toEqual(ridgePredict(train, y, train));
  });

  it('reads 2,000 rows of 600 features in seconds', () => {
    const train = randomMatrix('large', 2000, 600);
    const test = randomMatrix('large test', 500, 600);
    const y = targetsOf(train, 0.5);
    const started = process.cpuUsage();
    const { predictions } = ridgePredict(train, y, test);
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(10_000);
    expect(plcc(predictions, targetsOf(test, 0))).toBeGreaterThan(0.8);
  });

  it('says what is wrong with its input', () => {
    const x = matrixOf([[1], [2]]);
    expect(() => ridgePredict(x, [1], x)).toThrow(/2 rows x 1 features, 1 targets/);
    expect(() => ridgePredict(x, [1, NaN], x)).toThrow(/not a finite number/);
    expect(() => matrixOf([[1], [1, 2]])).toThrow(/row 1 has 2 values/);
  });
});
