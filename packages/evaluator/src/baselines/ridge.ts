// Ridge regression in double precision, for the baselines that say what a linear reader gets out of given features.
// Deterministic: no randomness, and sums in a fixed order. Of the two forms of the normal equations the smaller is
// solved: features x features, or rows x rows where there are more features than rows.
import { CalmError } from '@calm-orch/core';

/** Row-major; `data[row * columns + column]`. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

export interface RidgePrediction {
  /** One per row of the test matrix. */
  readonly predictions: Float64Array;
  /** The chosen penalty, per training row. */
  readonly lambda: number;
}

/** Penalties tried, per training row; features are standardised, so they mean the same everywhere. */
export const ridgeLambdas = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10] as const;

/** Every fifth training row, from the fifth on, is held out to choose the penalty. */
const holdOutEvery = 5;

/**
 * Fits targets by standardised features, the penalty chosen by squared error on a held-out fifth of the training rows
 * (all rows then refitted), and predicts the test rows. Constant features are ignored.
 * @param trainX shape [rows, features]
 * @param trainY shape [rows]
 * @param testX shape [test rows, features]
 * @throws CalmError `invalid_argument` when shapes disagree or there are fewer than 2 rows, `bad_data` for values that
 * are not finite.
 */
export function ridgePredict(trainX: Matrix, trainY: ArrayLike<number>, testX: Matrix): RidgePrediction {
  validate(trainX, trainY, testX);
  const { rows } = trainX;
  const heldOut = indices(rows).filter((row) => row % holdOutEvery === holdOutEvery - 1);
  const lambda = heldOut.length === 0 ? 1 : chooseLambda(trainX, trainY, heldOut);
  const fit = prepare(trainX, trainY, indices(rows));
  return { predictions: predict(fit, weigh(fit, lambda), testX, indices(testX.rows)), lambda };
}

/** Makes a matrix of equally long rows. */
export function matrixOf(rows: readonly ArrayLike<number>[]): Matrix {
  const columns = rows[0]?.length ?? 0;
  const data = new Float64Array(rows.length * columns);
  rows.forEach((row, index) => {
    if (row.length !== columns) {
      throw new CalmError('invalid_argument', `matrix: row ${index} has ${row.length} values, row 0 has ${columns}`);
    }
    data.set(row, index * columns);
  });
  return { rows: rows.length, columns, data };
}

/** What does not depend on the penalty. */
interface Fit {
  readonly columns: number;
  readonly mean: Float64Array;
  /** 1 / standard deviation; 0 for a constant feature. */
  readonly scale: Float64Array;
  readonly targetMean: number;
  /** Standardised training features [rows, columns]. */
  readonly x: Matrix;
  readonly centredTargets: Float64Array;
  /** Lower triangle of x'x, or of xx' in the dual form. */
  readonly gram: Float64Array;
  readonly dual: boolean;
}

function chooseLambda(x: Matrix, y: ArrayLike<number>, heldOut: readonly number[]): number {
  const held = new Set(heldOut);
  const fit = prepare(
    x,
    y,
    indices(x.rows).filter((row) => !held.has(row)),
  );
  let best: number = ridgeLambdas[0];
  let smallest = Infinity;
  for (const lambda of ridgeLambdas) {
    const predictions = predict(fit, weigh(fit, lambda), x, heldOut);
    let error = 0;
    heldOut.forEach((row, i) => (error += (predictions[i]! - y[row]!) ** 2));
    if (error < smallest) {
      smallest = error;
      best = lambda;
    }
  }
  return best;
}

function prepare(all: Matrix, targets: ArrayLike<number>, rows: readonly number[]): Fit {
  const { columns } = all;
  const mean = new Float64Array(columns);
  for (const row of rows) for (let c = 0; c < columns; c++) mean[c]! += all.data[row * columns + c]! / rows.length;
  const scale = new Float64Array(columns);
  for (const row of rows) {
    for (let c = 0; c < columns; c++) scale[c]! += (all.data[row * columns + c]! - mean[c]!) ** 2 / rows.length;
  }
  for (let c = 0; c < columns; c++) {
    const deviation = Math.sqrt(scale[c]!);
    // A constant's deviation is not exactly 0 but rounding noise of its magnitude.
    scale[c] = deviation > 1e-12 * Math.abs(mean[c]!) ? 1 / deviation : 0;
  }
  const x = { rows: rows.length, columns, data: new Float64Array(rows.length * columns) };
  rows.forEach((row, i) => standardise(all, row, mean, scale, x.data, i * columns));
  let targetMean = 0;
  for (const row of rows) targetMean += targets[row]! / rows.length;
  const centredTargets = Float64Array.from(rows, (row) => targets[row]! - targetMean);
  const dual = columns > rows.length;
  return { columns, mean, scale, targetMean, x, centredTargets, gram: gramOf(dual ? transpose(x) : x), dual };
}

/** Feature weights: (x'x + rows lambda)^-1 x'y = x'(xx' + rows lambda)^-1 y. */
function weigh({ x, centredTargets, gram, dual }: Fit, lambda: number): Float64Array {
  const size = dual ? x.rows : x.columns;
  const system = Float64Array.from(gram);
  for (let i = 0; i < size; i++) system[i * size + i]! += lambda * x.rows;
  if (!dual) return solvePositive(system, size, timesTransposed(x, centredTargets));
  return timesTransposed(x, solvePositive(system, size, centredTargets));
}

function predict(fit: Fit, weights: Float64Array, x: Matrix, rows: readonly number[]): Float64Array {
  const standardised = new Float64Array(fit.columns);
  return Float64Array.from(rows, (row) => {
    standardise(x, row, fit.mean, fit.scale, standardised, 0);
    let sum = fit.targetMean;
    for (let c = 0; c < fit.columns; c++) sum += standardised[c]! * weights[c]!;
    return sum;
  });
}

function standardise(
  x: Matrix,
  row: number,
  mean: Float64Array,
  scale: Float64Array,
  out: Float64Array,
  outOffset: number,
): void {
  for (let c = 0; c < x.columns; c++) out[outOffset + c] = (x.data[row * x.columns + c]! - mean[c]!) * scale[c]!;
}

/** Lower triangle of m'm, [columns, columns]. Four rows at a time, so that the triangle passes the cache seldom. */
function gramOf({ rows, columns, data }: Matrix): Float64Array {
  const gram = new Float64Array(columns * columns);
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    const [r0, r1, r2, r3] = [row * columns, (row + 1) * columns, (row + 2) * columns, (row + 3) * columns];
    for (let i = 0; i < columns; i++) {
      const [a0, a1, a2, a3] = [data[r0 + i]!, data[r1 + i]!, data[r2 + i]!, data[r3 + i]!];
      const out = i * columns;
      for (let j = 0; j <= i; j++) {
        gram[out + j]! += a0 * data[r0 + j]! + a1 * data[r1 + j]! + a2 * data[r2 + j]! + a3 * data[r3 + j]!;
      }
    }
  }
  for (; row < rows; row++) {
    const start = row * columns;
    for (let i = 0; i < columns; i++) {
      const a = data[start + i]!;
      for (let j = 0; j <= i; j++) gram[i * columns + j]! += a * data[start + j]!;
    }
  }
  return gram;
}

/** Solves system . z = right for a symmetric positive definite system (lower triangle, overwritten): Cholesky. */
function solvePositive(system: Float64Array, size: number, right: Float64Array): Float64Array {
  for (let i = 0; i < size; i++) {
    const rowI = i * size;
    for (let j = 0; j <= i; j++) {
      const rowJ = j * size;
      let sum = system[rowI + j]!;
      for (let k = 0; k < j; k++) sum -= system[rowI + k]! * system[rowJ + k]!;
      system[rowI + j] = i === j ? Math.sqrt(sum) : sum / system[rowJ + j]!;
    }
  }
  const z = Float64Array.from(right);
  for (let i = 0; i < size; i++) {
    let sum = z[i]!;
    for (let k = 0; k < i; k++) sum -= system[i * size + k]! * z[k]!;
    z[i] = sum / system[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    z[i]! /= system[i * size + i]!;
    for (let k = 0; k < i; k++) z[k]! -= system[i * size + k]! * z[i]!;
  }
  return z;
}

/** x'v for x [rows, columns], v [rows]. */
function timesTransposed({ rows, columns, data }: Matrix, v: Float64Array): Float64Array {
  const product = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < columns; c++) product[c]! += data[row * columns + c]! * v[row]!;
  }
  return product;
}

function transpose({ rows, columns, data }: Matrix): Matrix {
  const transposed = new Float64Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < columns; c++) transposed[c * rows + row] = data[row * columns + c]!;
  }
  return { rows: columns, columns: rows, data: transposed };
}

function indices(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

function validate(trainX: Matrix, trainY: ArrayLike<number>, testX: Matrix): void {
  if (trainX.rows !== trainY.length || trainX.rows < 2 || trainX.columns !== testX.columns) {
    throw new CalmError(
      'invalid_argument',
      `ridge regression: needs 2 rows or more, a target for each and as many features in test as in training; got ` +
        `${trainX.rows} rows x ${trainX.columns} features, ${trainY.length} targets, ${testX.columns} test features`,
    );
  }
  if (![trainX.data, Float64Array.from(trainY), testX.data].every((values) => values.every(Number.isFinite))) {
    throw new CalmError('bad_data', 'ridge regression: a feature or target is not a finite number');
  }
}
