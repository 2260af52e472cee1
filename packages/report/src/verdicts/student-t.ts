// Student's t distribution for whole degrees of freedom, where its distribution function is a finite sum (Abramowitz and
// Stegun 26.7.3 and 26.7.4), and the root of a monotone function, by which quantiles are found.

/** P(T > t) for t >= 0 and `df` degrees of freedom, a whole number from 1 up; to about 1e-14. */
export function upperTail(t: number, df: number): number {
  const cos2 = df / (df + t * t);
  const sin = t / Math.sqrt(df + t * t);
  const isOdd = df % 2 === 1;
  let term = isOdd ? Math.sqrt(cos2) : 1;
  let sum = df === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k < df && term > 1e-18 * sum; k += 2) sum += term *= (cos2 * (k - 1)) / k;
  const within = isOdd ? (2 / Math.PI) * (Math.atan(t / Math.sqrt(df)) + sin * sum) : sin * sum;
  return Math.max(0, (1 - within) / 2);
}

/** The t with P(T > t) = `tail`, which is above 1e-12 and at most 0.5. */
export function upperQuantile(tail: number, df: number): number {
  if (tail >= 0.5) return 0;
  let high = 2;
  while (upperTail(high, df) > tail) high *= 4;
  return rootOf((t) => tail - upperTail(t, df), high === 2 ? 0 : high / 4, high);
}

/**
 * Where `f`, which rises from below 0 at `low` to 0 or more at `high`, is 0; bisection sped up by secants (Illinois).
 * @param precision Of the root, as a part of it.
 */
export function rootOf(f: (x: number) => number, low: number, high: number, precision = 1e-11): number {
  let [below, above] = [f(low), f(high)];
  let last = 0;
  for (let i = 0; i < 200 && high - low > precision * Math.abs(high); i++) {
    // Every fourth step halves, so that flat functions end too.
    const middle = i % 4 === 3 ? (low + high) / 2 : (low * above - high * below) / (above - below);
    const value = f(middle);
    if (value === 0) return middle;
    if (value < 0) {
      [low, below] = [middle, value];
      if (last < 0) above /= 2;
    } else {
      [high, above] = [middle, value];
      if (last > 0) below /= 2;
    }
    last = value;
  }
  return (low + high) / 2;
}
