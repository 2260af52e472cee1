// A package lies in a folder or in a zip file; its name says which.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync, zipSync, type Zippable } from 'fflate';
import { CalmError, isInnerName, makeTemporaryFolder, writeFileAtomic } from '@calm-orch/core';

export const isZip = (path: string): boolean => path.endsWith('.zip');

/** The same files give the same bytes. */
export function writeZip(path: string, files: ReadonlyMap<string, Uint8Array>): void {
  // The earliest time a zip file knows.
  const mtime = new Date(1980, 0, 1);
  const entries = Object.fromEntries([...files].map(([name, bytes]) => [name, [bytes, { mtime }]])) as Zippable;
  writeFileAtomic(path, zipSync(entries));
}

/** Lets `work` have the package as a folder. @throws CalmError `bad_data` for what is no zip file */
export async function withPackage<T>(path: string, work: (dir: string) => Promise<T>): Promise<T> {
  if (!isZip(path)) return work(path);
  const dir = makeTemporaryFolder('calm-orch-package-');
  try {
    for (const [name, bytes] of Object.entries(unzipped(path))) {
      if (name.endsWith('/')) continue;
      if (!isInnerName(name)) throw new CalmError('bad_data', `${path}: holds a file outside of itself: ${name}`);
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, name), bytes);
    }
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function unzipped(path: string): Record<string, Uint8Array> {
  try {
    return unzipSync(readFileSync(path));
  } catch (cause) {
    throw new CalmError('bad_data', `${path} cannot be read as a zip file: ${(cause as Error).message}`, { cause });
  }
}
