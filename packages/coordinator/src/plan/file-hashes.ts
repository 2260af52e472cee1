// sha256 of files that may have many gigabytes: read in pieces, each file once in a process, and large ones once for as long
// as size and times stay as they were (`hashes.json` of the run folder).
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { sha256OfFile, writeFileAtomic } from '@calm-orch/core';

export type HashFile = (path: string) => string;

interface Known {
  readonly bytes: number;
  readonly mtimeMs: number;
  /** Nobody sets it: copies and archives that bring their own `mtimeMs` show here. */
  readonly ctimeMs: number;
  readonly sha256: string;
}

/** Smaller files are hashed again in a blink, and then nothing can be out of date. */
const rememberedBytes = 16 * 1024 * 1024;

/** @param cache File that keeps the hashes of large files; absent: none does. */
export function fileHasher(cache?: string): HashFile {
  const known = new Map<string, Known>(Object.entries(readCache(cache)));
  const own = new Map<string, Known>();
  return (name) => {
    // A link that leads elsewhere now is another file, whatever size and time that has.
    const path = realpathSync(name);
    const { size, mtimeMs, ctimeMs } = statSync(path);
    const found = own.get(path) ?? (size >= rememberedBytes ? known.get(path) : undefined);
    if (found?.bytes === size && found.mtimeMs === mtimeMs && found.ctimeMs === ctimeMs) return found.sha256;
    const entry = { bytes: size, mtimeMs, ctimeMs, sha256: sha256OfFile(path) };
    own.set(path, entry);
    if (cache !== undefined && size >= rememberedBytes) {
      known.set(path, entry);
      keep(cache, known);
    }
    return entry.sha256;
  };
}

function keep(path: string, known: ReadonlyMap<string, Known>): void {
  try {
    writeFileAtomic(path, `${JSON.stringify(Object.fromEntries(known), null, 1)}\n`);
  } catch {
    // `plan` may only read the folder: without it the next one hashes again.
  }
}

function readCache(path: string | undefined): Record<string, Known> {
  if (path === undefined || !existsSync(path)) return {};
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, Known>;
  } catch {
    // Whatever it was, hashing again is right.
    return {};
  }
}
