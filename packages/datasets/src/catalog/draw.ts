// Which photographs of a pool are used where there are more than wanted: keyed by the seed, in the pool's order.
import { rng } from '@calm-orch/core';

/**
 * At most `limit` of the items, in their order, of each stratum in proportion to its size. With a limit of at least the
 * number of strata every stratum has one.
 */
export function drawn<T>(
  items: readonly T[],
  limit: number,
  key: readonly (string | number)[],
  stratumOf: (item: T) => string = () => '',
): T[] {
  if (items.length <= limit) return [...items];
  const strata = new Map<string, number[]>();
  items.forEach((item, i) => {
    const stratum = stratumOf(item);
    const members = strata.get(stratum);
    if (members === undefined) strata.set(stratum, [i]);
    else members.push(i);
  });
  const placed = [...strata].flatMap(([stratum, members]) => {
    const shuffled = rng('files', ...key, ...(stratum === '' ? [] : [stratum])).shuffle(members);
    return shuffled.map((index, rank) => ({ index, share: rank / members.length }));
  });
  return placed
    .sort((a, b) => a.share - b.share)
    .slice(0, limit)
    .sort((a, b) => a.index - b.index)
    .map(({ index }) => items[index]!);
}
