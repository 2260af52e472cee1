// What takes long to find out is found out once, until something happens in the run folder.
import type { Tracker } from '@calm-orch/tracker';

const most = 16;

/**
 * `find`, whose answers are kept until the tracker says that something has changed; a promise that fails is not kept.
 * @param find Its answer depends on the tracker and the name alone; `means` are what it asks.
 */
export function rememberedUntilChange<Value, Means extends readonly unknown[]>(
  find: (tracker: Tracker, name: string, ...means: Means) => Value,
): typeof find {
  const kept = new WeakMap<Tracker, { readonly changes: string; readonly values: Map<string, Value> }>();
  return (tracker, name, ...means) => {
    const changes = tracker.changes();
    let own = kept.get(tracker);
    if (own?.changes !== changes) kept.set(tracker, (own = { changes, values: new Map() }));
    const { values } = own;
    const known = values.get(name);
    if (known !== undefined) return known;
    const found = find(tracker, name, ...means);
    values.set(name, found);
    if (values.size > most) values.delete(values.keys().next().value!);
    if (found instanceof Promise) found.catch(() => values.delete(name));
    return found;
  };
}
