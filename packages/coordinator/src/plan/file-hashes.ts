// sha256 of files that may have many gigabytes: read in pieces, each file once in a process, and large ones once for as long
// as size and time of change stay as they were (`hashes.json` of the run folder).
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { sha256OfFile, writeFileAtomic } from '@calm-orch/core';

export type HashFile = (path: string) => string;

interface Known {
  readonly bytes: number;
  readonly mtimeMs: number;
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
    const { size, mtimeMs } = statSync(path);
    const found = own.get(path) ?? (size >= rememberedBytes ? known.get(path) : undefined);
    if (found?.bytes === size && found.mtimeMs === mtimeMs) return found.sha256;
    const entry = { bytes: size, mtimeMs, sha256: sha256OfFile(path) };
    own.set(path, entry);
    if (cache !== undefined && size >= rememberedBytes) {
      known.set(path, entry);
      writeFileAtomic(cache, `${JSON.stringify(Object.fromEntries(known), null, 1)}\n`);
    }
    return entry.sha256;
  };
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
