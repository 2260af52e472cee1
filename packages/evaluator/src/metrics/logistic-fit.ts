// PLCC after a logistic fit of predictions to targets, as image quality assessment often reports it (VQEG, 2003): with
// four parameters the curve can only raise the correlation, so its column must say so.

/** Iterations of one descent; those of the tests need about ten. */
const maxIterations = 100;
/** Relative fall of the squares at which a descent has arrived. */
const arrived = 1e-13;

/**
 * Pearson's correlation of targets and f(predictions), f(x) = (b1 - b2) / (1 + exp(-(x - b3) / |b4|)) + b2 with the
 * least squares of all b, item i counted `weights[i]` times (once by default). In [0, 1], as f may fall. Null for fewer than
 * 5 items, a constant side or values that are not finite.
 */
export function logisticPlcc(
  predictions: ArrayLike<number>,
  targets: ArrayLike<number>,
  weights: ArrayLike<number> = new Uint8Array(predictions.length).fill(1),
): number | null {
  const x = standardized(predictions, weights);
  const y = standardized(targets, weights);
  if (x === null || y === null) return null;
  // From a curve that is almost a line and from one that is almost a step; the better end counts.
  const squares = Math.min(...[1, 0.25].map((width) => descend(x, y, weights, width)));
  let total = 0;
  for (let i = 0; i < y.length; i++) total += weights[i]! * y[i]! ** 2;
  return Math.sqrt(Math.max(0, 1 - squares / total));
}

/** Least weighted squares reached by Levenberg-Marquardt from the line's direction at width `start`. */
function descend(x: Float64Array, y: Float64Array, weights: ArrayLike<number>, start: number): number {
  let parameters = [slopeOf(x, y, weights) >= 0 ? 1 : -1, 0, Math.log(start), 0];
  let { squares, matrix, vector } = normalEquations(x, y, weights, parameters);
  let damping = 1e-3;
  for (let iteration = 0; iteration < maxIterations && damping < 1e12; iteration++) {
    const step = solve(
      matrix.map((row, i) => row.map((value, j) => (i === j ? value * (1 + damping) + 1e-12 : value))),
      vector,
    );
    const tried = parameters.map((value, i) => value + step[i]!);
    const next = normalEquations(x, y, weights, tried);
    if (!(next.squares < squares)) {
      damping *= 4;
      continue;
    }
    const fall = squares - next.squares;
    parameters = tried;
    ({ squares, matrix, vector } = next);
    damping /= 9;
    if (fall <= arrived * squares) break;
  }
  return squares;
}

/** Squares and the normal equations of p0 * sigmoid((x - p1) / exp(p2)) + p3. */
function normalEquations(
  x: Float64Array,
  y: Float64Array,
  weights: ArrayLike<number>,
  [height, middle, logWidth, floor]: readonly number[],
): { squares: number; matrix: number[][]; vector: number[] } {
  const width = Math.exp(logWidth!);
  const matrix = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
  const vector = [0, 0, 0, 0];
  const slopes = [0, 0, 0, 1];
  let squares = 0;
  for (let i = 0; i < x.length; i++) {
    const weight = weights[i]!;
    if (weight === 0) continue;
    const z = (x[i]! - middle!) / width;
    const sigmoid = 1 / (1 + Math.exp(-z));
    const bend = height! * sigmoid * (1 - sigmoid);
    slopes[0] = sigmoid;
    slopes[1] = -bend / width;
    slopes[2] = -bend * z;
    const rest = y[i]! - height! * sigmoid - floor!;
    squares += weight * rest * rest;
    for (let a = 0; a < 4; a++) {
      vector[a]! += weight * slopes[a]! * rest;
      for (let b = 0; b < 4; b++) matrix[a]![b]! += weight * slopes[a]! * slopes[b]!;
    }
  }
  return { squares, matrix, vector };
}

/** Gaussian elimination with pivots. */
function solve(matrix: number[][], vector: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, vector[i]!]);
  const size = rows.length;
  for (let column = 0; column < size; column++) {
    const pivot = rows
      .slice(column)
      .reduce((best, row) => (Math.abs(row[column]!) > Math.abs(best[column]!) ? row : best));
    const at = rows.indexOf(pivot);
    [rows[column], rows[at]] = [rows[at]!, rows[column]!];
    for (const row of rows) {
      if (row === pivot) continue;
      const factor = row[column]! / pivot[column]!;
      for (let j = column; j <= size; j++) row[j]! -= factor * pivot[j]!;
    }
  }
  return rows.map((row, i) => row[size]! / row[i]!);
}

function slopeOf(x: Float64Array, y: Float64Array, weights: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += weights[i]! * x[i]! * y[i]!;
  return sum;
}

/** Weighted mean 0 and deviation 1; the fit is the same in any units. */
function standardized(values: ArrayLike<number>, weights: ArrayLike<number>): Float64Array | null {
  let [count, sum, distinct] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]!)) return null;
    count += weights[i]!;
    sum += weights[i]! * values[i]!;
    if (weights[i]! > 0) distinct++;
  }
  if (distinct < 5) return null;
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += weights[i]! * (values[i]! - mean) ** 2;
  const deviation = Math.sqrt(squares / count);
  return deviation > 0 ? Float64Array.from(values, (value) => (value - mean) / deviation) : null;
}
