// Unpacks chosen members of a zip file (a Python wheel). Names that would leave the target folder are refused by yauzl.
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import yauzl from 'yauzl';

export interface UnpackOptions {
  readonly target: string;
  /** Path below `target` for a member, or undefined to leave it packed. */
  readonly place: (member: string) => string | undefined;
  readonly signal?: AbortSignal;
}

/** Writes the members that `place` gives a path, and returns how many those were. */
export async function unpack(zipPath: string, { target, place, signal }: UnpackOptions): Promise<number> {
  const zip = await yauzl.openPromise(zipPath);
  let numWritten = 0;
  for await (const entry of zip.eachEntry()) {
    const relative = entry.fileName.endsWith('/') ? undefined : place(entry.fileName);
    if (relative === undefined) continue;
    const path = join(target, relative);
    mkdirSync(dirname(path), { recursive: true });
    // The upper half of the attributes is the Unix mode, zero where the zip was not made on Unix.
    const mode = (entry.externalFileAttributes >>> 16) & 0o777 || 0o644;
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path, { mode }), { signal });
    numWritten += 1;
  }
  return numWritten;
}
