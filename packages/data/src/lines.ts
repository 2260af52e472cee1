// Lines of text files with their numbers, and the one form of a schema error: 'file:line: expected … got …'.
import { readFileSync } from 'node:fs';
import { CalmError } from '@calm-orch/core';

export interface Line {
  readonly text: string;
  /** 1-based. */
  readonly number: number;
}

/** Reads a file as UTF-8 (BOM dropped); a missing file is CalmError not_found that says which dataset wants it. */
export function readTextFile(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new CalmError('not_found', `${what}: no file ${path}; check the dataset folder`, { cause: error });
    }
    throw new CalmError('io', `${what}: cannot read ${path}: ${(error as Error).message}`, { cause: error });
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

/** The error of a line that does not fit its schema. */
export function badLine(path: string, line: number, expected: string, got: string): CalmError {
  const shown = got.length > 80 ? `${got.slice(0, 77)}…` : got;
  return new CalmError('bad_data', `${path}:${line}: expected ${expected}, got ${shown}`);
}
