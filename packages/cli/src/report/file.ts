// The file of a report: what stands in its place is overwritten where that is a report, too.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { CalmError, writeFileAtomic } from '@calm-orch/core';

/** @param head How every report begins. @throws CalmError `invalid_argument` where something else would be lost */
export function checkPlace(path: string, head: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isFile())
    throw new CalmError('invalid_argument', `--output ${path}: expected a file's name, it is a folder`);
  const bytes = Buffer.alloc(Buffer.byteLength(head));
  const descriptor = openSync(path, 'r');
  try {
    readSync(descriptor, bytes);
  } finally {
    closeSync(descriptor);
  }
  if (bytes.toString('utf8') !== head)
    throw new CalmError(
      'invalid_argument',
      `--output ${path}: this file is no report of calm-orch; name another one, or overwrite it with --force`,
    );
}

/** @throws CalmError `io` */
export function writeReport(path: string, text: string): void {
  try {
    writeFileAtomic(path, text);
  } catch (error) {
    throw new CalmError('io', `cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}
