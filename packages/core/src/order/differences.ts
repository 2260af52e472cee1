// What differs between two JSON values, leaf by leaf.
import type { Json } from './canonical.ts';

export interface Difference {
  /** Path of the leaf: `config.finetuneScore.steps`. */
  readonly what: string;
  /** Null where there was none. */
  readonly before: Json;
  readonly now: Json;
}

/** Leaves that differ, by path; lists are leaves. @param path Of both values; empty: they are the root. */
export function differencesOf(path: string, before: Json, now: Json): Difference[] {
  if (isObject(before) && isObject(now)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
    return names.flatMap((name) =>
      differencesOf(path === '' ? name : `${path}.${name}`, before[name] ?? null, now[name] ?? null),
    );
  }
  return JSON.stringify(before) === JSON.stringify(now) ? [] : [{ what: path, before, now }];
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
