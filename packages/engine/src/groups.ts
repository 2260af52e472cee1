/** The items in order, in groups of at least `size` together, the last group apart. Takes items as groups are asked for. */
export function* groupsOf<T>(items: Iterable<T>, size: number, sizeOf: (item: T) => number): Generator<T[]> {
  let group: T[] = [];
  let sum = 0;
  for (const item of items) {
    group.push(item);
    sum += sizeOf(item);
    if (sum < size) continue;
    yield group;
    group = [];
    sum = 0;
  }
  if (group.length > 0) yield group;
}
