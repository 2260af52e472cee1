// How far a difference may be off by chance, from the variances of its independent parts: seeds and test items. The t that
// the standard error is multiplied by is the mean of the parts' own, weighted by their variances (W. G. Cochran and
// G. M. Cox, Experimental Designs, 1957). Satterthwaite's degrees of freedom of the sum are too many where the seeds have
// one to three: 95 % intervals then cover 87 to 94 %, and stricter ones err up to ten times too often (docs/verdicts.md).
import { rootOf, upperQuantile, upperTail } from './student-t.ts';

/** One independent part of a difference's variance: its estimate, and its degrees of freedom, a whole number from 1 up. */
export interface Component {
  readonly variance: number;
  readonly df: number;
}

/** What the error exceeds with probability `tail`, on one side; in units of the difference. */
export function halfWidth(components: readonly Component[], tail: number): number {
  const error = errorOf(components);
  if (error === 0) return 0;
  return components.reduce((sum, { variance, df }) => sum + upperQuantile(tail, df) * variance, 0) / error;
}

const errorOf = (components: readonly Component[]): number =>
  Math.sqrt(components.reduce((sum, { variance }) => sum + variance, 0));

const least = 1e-9;

/** The tail whose half width is `distance`: a one-sided p-value, from 1e-9 up, to about three digits. */
export function tailBeyond(components: readonly Component[], distance: number): number {
  if (distance < 0) return 1 - tailBeyond(components, -distance);
  const error = errorOf(components);
  // It lies between the tails of all parts.
  const tails = components.filter(({ variance }) => variance > 0).map(({ df }) => upperTail(distance / error, df));
  const [low, high] = [Math.max(least, Math.min(...tails)), Math.max(least, ...tails)];
  const above = (log: number): number => distance - halfWidth(components, Math.exp(log));
  return high - low < 1e-4 * high ? high : Math.exp(rootOf(above, Math.log(low), Math.log(high), 1e-4));
}
