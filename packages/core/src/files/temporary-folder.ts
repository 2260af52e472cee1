// The system's folder for temporary files, as TMPDIR names it. Where that is not there, every use of it would fail in its own
// words: here it is one sentence with the remedy.
import { accessSync, constants, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CalmError } from '../errors.ts';

/** @throws CalmError `io` where there is no such folder, or nothing may be written to it. */
export function temporaryFolder(): string {
  const dir = tmpdir();
  const from = ['TMPDIR', 'TMP', 'TEMP'].find((name) => process.env[name]);
  const named = from === undefined ? dir : `${dir} (${from})`;
  const remedy = 'create it, or set TMPDIR to a folder that is there';
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory())
    throw new CalmError('io', `there is no folder for temporary files at ${named}: ${remedy}`);
  try {
    accessSync(dir, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const told = 'give yourself the right to it, or set TMPDIR to another folder';
    throw new CalmError('io', `the folder for temporary files ${named} cannot be written to: ${told}`, { cause });
  }
  return dir;
}

/** A new folder in it, under a name that begins so. The caller removes it. */
export function makeTemporaryFolder(prefix: string): string {
  return mkdtempSync(join(temporaryFolder(), prefix));
}
