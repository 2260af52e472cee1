// Several comparisons of one claim: Holm's procedure keeps the chance of any false finding among them at the level of one,
// however they depend on each other (S. Holm, Scandinavian Journal of Statistics 6, 1979).
import { halfWidth, type Component } from './half-width.ts';

/** Whether each distance is beyond chance. @param components Null: such a one is never found, and counts. */
export function holm(
  distances: readonly number[],
  components: readonly (readonly Component[] | null)[],
  tail: number,
): boolean[] {
  const found = distances.map(() => false);
  for (;;) {
    const left = found.filter((is) => !is).length;
    const more = distances.flatMap((distance, i) => {
      const own = components[i]!;
      return !found[i] && own !== null && distance > 0 && distance > halfWidth(own, tail / left) ? [i] : [];
    });
    if (more.length === 0) return found;
    for (const i of more) found[i] = true;
  }
}

/** p-values under which each would be found; null for what is never found, and counts. */
export function holmAdjusted(values: readonly (number | null)[]): (number | null)[] {
  const order = values.flatMap((value, i) => (value === null ? [] : [{ value, i }])).sort((a, b) => a.value - b.value);
  const adjusted: (number | null)[] = values.map(() => null);
  let largest = 0;
  order.forEach(({ value, i }, rank) => {
    largest = Math.max(largest, Math.min(1, value * (values.length - rank)));
    adjusted[i] = largest;
  });
  return adjusted;
}
