// What a user's file changes in a Job's manifest, as `kubectl patch` merges it: objects member by member, lists of things with
// a name (containers, volumes, variables) by that name, null removes, all else replaces.
import { readFileSync } from 'node:fs';
import { CalmError } from '@calm-orch/core';
import { parse } from 'yaml';

type Fields = Readonly<Record<string, unknown>>;

/** A part of a Job's manifest. @throws CalmError `invalid_config` */
export function readPatch(path: string): Fields {
  try {
    const patch = parse(readFileSync(path, 'utf8')) as unknown;
    if (isFields(patch)) return patch;
    throw new Error('expected a part of the manifest of a Job, as `spec: {template: {spec: {...}}}`');
  } catch (error) {
    throw new CalmError('invalid_config', `--kube-patch: ${path}: ${(error as Error).message}`, { cause: error });
  }
}

export function merge(base: unknown, patch: unknown): unknown {
  if (isFields(base) && isFields(patch)) {
    const merged: Record<string, unknown> = { ...base };
    for (const [key, value] of Object.entries(patch))
      if (value === null) delete merged[key];
      else merged[key] = merge(base[key], value);
    return merged;
  }
  if (!isNamed(base) || !isNamed(patch)) return patch;
  const own = new Map(patch.map((item) => [item.name, item]));
  const kept = base.map((item) => (own.has(item.name) ? merge(item, own.get(item.name)) : item));
  return [...kept, ...patch.filter(({ name }) => !base.some((item) => item.name === name))];
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isNamed = (value: unknown): value is (Fields & { readonly name: string })[] =>
  Array.isArray(value) && value.every((item) => isFields(item) && typeof item['name'] === 'string');
