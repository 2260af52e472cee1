// A folder that is there whole or not at all: written beside its place under another name, then renamed.
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { CalmError, makeFolder } from '@calm-orch/core';

export interface Place {
  /** Replace what is there. */
  readonly force: boolean;
  /** Absolute; what must not be replaced all the same, such as the run folder. */
  readonly keep: readonly string[];
}

/** @throws CalmError `invalid_argument` where something lies there that must not be lost. */
export function checkFree(path: string, { force, keep }: Place): void {
  const found = existsSync(path) ? statSync(path) : undefined;
  const held = keep.find((one) => !relative(path, one).startsWith('..'));
  if (found !== undefined && held !== undefined)
    throw new CalmError('invalid_argument', `--output ${path}: this folder holds ${held}; name a folder of its own`);
  if (found === undefined || force) return;
  if (!found.isDirectory() || readdirSync(path).length > 0)
    throw new CalmError(
      'invalid_argument',
      `${path} is there already: name another place with --output, or replace it with --force`,
    );
}

/**
 * Has `write` fill a folder that then is `path`; what was there goes (`checkFree` comes first).
 * @throws CalmError `io` where nothing can be written; what `write` throws. Nothing is left behind.
 */
export async function writeNewFolder<T>(path: string, write: (dir: string) => Promise<T> | T): Promise<T> {
  const partial = `${path}.${randomUUID()}.tmp`;
  try {
    makeFolder(partial);
    const value = await write(partial);
    const old = `${path}.${randomUUID()}.tmp`;
    if (existsSync(path)) renameSync(path, old);
    renameSync(partial, path);
    rmSync(old, { recursive: true, force: true });
    return value;
  } catch (error) {
    if (error instanceof CalmError || (error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new CalmError('io', `cannot write ${path} in ${dirname(path)}: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    if (existsSync(partial)) rmSync(partial, { recursive: true });
  }
}
