// Lines of text files with their numbers, and the one form of a schema error: 'file:line: expected … got …'.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { CalmError, refuseMistakenFile } from '@calm-orch/core';

export interface Line {
  readonly text: string;
  /** 1-based. */
  readonly number: number;
}

/** Text files read as a whole are lists of labels; a larger one is something else under their name. */
const maxTextBytes = 256 << 20;
const chunkBytes = 1 << 20;
const maxLineBytes = 16 << 20;

/** Reads a file as UTF-8 (BOM dropped); a missing file is CalmError not_found that says which dataset wants it. */
export function readTextFile(path: string, what: string): string {
  refuseMistakenFile(path);
  try {
    const bytes = readFileSync(path);
    if (bytes.length > maxTextBytes) {
      throw new CalmError('bad_data', `${path}:1: expected a list of ${what}, got ${bytes.length} bytes`);
    }
    return bytes.toString('utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw error instanceof CalmError ? error : openError(error, path, what);
  }
}

/** Non-empty lines, trimmed (dataset files mix LF, CRLF and leading spaces). */
export function* linesOf(text: string): Iterable<Line> {
  let number = 0;
  for (const line of text.split('\n')) {
    number += 1;
    const trimmed = line.trim();
    if (trimmed !== '') yield { text: trimmed, number };
  }
}

/** The same of a file of any size, a line at a time. Throws not_found, bad_data on a line above 16 MiB. */
export function* linesOfFile(path: string, what: string): Iterable<Line> {
  const descriptor = openText(path, what);
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let pieces: Buffer[] = [];
  let held = 0;
  let number = 0;
  const whole = (last: Buffer): string => {
    const text = Buffer.concat([...pieces, last]).toString('utf8');
    pieces = [];
    held = 0;
    number += 1;
    return (number === 1 ? text.replace(/^\uFEFF/, '') : text).trim();
  };
  try {
    for (;;) {
      const numBytes = readSync(descriptor, buffer, 0, chunkBytes, null);
      if (numBytes === 0) break;
      let start = 0;
      for (let end; (end = buffer.indexOf(0x0a, start)) >= 0 && end < numBytes; start = end + 1) {
        const text = whole(buffer.subarray(start, end));
        if (text !== '') yield { text, number };
      }
      held += numBytes - start;
      if (held > maxLineBytes) throw badLine(path, number + 1, `a line of ${what}`, `more than ${maxLineBytes} bytes`);
      pieces.push(Buffer.from(buffer.subarray(start, numBytes)));
    }
    const text = whole(Buffer.alloc(0));
    if (text !== '') yield { text, number };
  } finally {
    closeSync(descriptor);
  }
}

/** The error of a line that does not fit its schema. */
export function badLine(path: string, line: number, expected: string, got: string): CalmError {
  const shown = got.length > 80 ? `${got.slice(0, 77)}…` : got;
  return new CalmError('bad_data', `${path}:${line}: expected ${expected}, got ${shown}`);
}

function openText(path: string, what: string): number {
  refuseMistakenFile(path);
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw openError(error, path, what);
  }
}

function openError(error: unknown, path: string, what: string): CalmError {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
    return new CalmError('not_found', `${what}: no file ${path}; check the dataset folder`, { cause: error });
  }
  return new CalmError('io', `${what}: cannot read ${path}: ${(error as Error).message}`, { cause: error });
}
