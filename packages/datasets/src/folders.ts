// Dataset folders as they are found in the wild: releases, mirrors and archives name and nest them differently.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError } from '@calm-orch/core';

/** The first of `names` that exists below `dir`; null: none. */
export function firstFolder(dir: string, names: readonly string[]): string | null {
  return names.map((name) => join(dir, name)).find((path) => existsSync(path)) ?? null;
}

/** The same, or CalmError not_found that says what belongs there. */
export function wantedFolder(dir: string, names: readonly string[], what: string, remedy: string): string {
  const found = firstFolder(dir, names);
  if (found !== null) return found;
  throw new CalmError('not_found', `${what}: ${dir} has none of ${names.join(', ')}; ${remedy}`);
}
