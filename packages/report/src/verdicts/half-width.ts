// How far a difference may be off by chance, from the variances of its independent parts: seeds and test items. The square
// of the half width is the sum of the parts' own, each with the t of its own degrees of freedom (F. A. Graybill and
// C.-M. Wang, Confidence intervals on nonnegative linear combinations of variances, JASA 75, 1980). Satterthwaite's one
// t for the sum covers 87 to 93 % instead of 95 where seeds have one or two degrees of freedom, and in the tails that
// several comparisons need it is wrong tenfold (simulated: docs/verdicts.md).
import { rootOf, upperQuantile } from './student-t.ts';

/** One independent part of a difference's variance: its estimate, and its degrees of freedom, a whole number from 1 up. */
export interface Component {
  readonly variance: number;
  readonly df: number;
}

/** What the error exceeds with probability `tail`, on one side; in units of the difference. */
export function halfWidth(components: readonly Component[], tail: number): number {
  const squares = components.map(({ variance, df }) => {
    const t = variance === 0 ? 0 : upperQuantile(tail, df);
    return t * t * variance;
  });
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
}

const least = 1e-9;

/** The tail whose half width is `distance`: a one-sided p-value, from 1e-9 up. */
export function tailBeyond(components: readonly Component[], distance: number): number {
  if (distance < 0) return 1 - tailBeyond(components, -distance);
  if (distance >= halfWidth(components, least)) return least;
  return Math.exp(rootOf((log) => distance - halfWidth(components, Math.exp(log)), Math.log(least), Math.log(0.5)));
}
