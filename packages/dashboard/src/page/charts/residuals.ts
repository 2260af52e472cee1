// Predictions against the truth as places in pixels. Pure.

export type Residual = readonly [id: string, target: number, prediction: number];

export interface ResidualPlot {
  readonly x: (target: number) => number;
  readonly y: (prediction: number) => number;
  /** Whole numbers within both ranges. */
  readonly ticks: readonly number[];
  readonly low: number;
  readonly high: number;
}

/** One scale for both, so that what is predicted rightly lies on the diagonal. */
export function residualPlot(
  points: readonly Residual[],
  {
    left,
    right,
    top,
    bottom,
  }: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number },
): ResidualPlot {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [, target, prediction] of points) {
    low = Math.min(low, target, prediction);
    high = Math.max(high, target, prediction);
  }
  if (points.length === 0) [low, high] = [1, 10];
  [low, high] = [Math.floor(low), Math.max(Math.ceil(high), Math.floor(low) + 1)];
  const share = (value: number): number => (value - low) / (high - low);
  return {
    low,
    high,
    x: (target) => left + share(target) * (right - left),
    y: (prediction) => bottom - share(prediction) * (bottom - top),
    ticks: Array.from({ length: high - low + 1 }, (_, i) => low + i),
  };
}

/** Points as one path of dots: a line of no length with round ends each. */
export function dotsOf(points: readonly Residual[], { x, y }: ResidualPlot): string {
  return points.map(([, target, prediction]) => `M${x(target).toFixed(1)} ${y(prediction).toFixed(1)}h0`).join('');
}

/** The point nearest to a place, if any is within `reach` pixels. */
export function nearestTo(
  points: readonly Residual[],
  { x, y }: ResidualPlot,
  at: { readonly x: number; readonly y: number },
  reach = 12,
): Residual | undefined {
  let nearest: Residual | undefined;
  let least = reach * reach;
  for (const point of points) {
    const [dx, dy] = [x(point[1]) - at.x, y(point[2]) - at.y];
    const distance = dx * dx + dy * dy;
    if (distance > least) continue;
    least = distance;
    nearest = point;
  }
  return nearest;
}
