// A list that lies in several files, a record a line, and a slice of it: an item of a stage reads its own part. A file is
// parsed only where the slice reaches into it; how many lines the others hold a process counts once.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { linesOfFile } from './lines.ts';

/** `count` records from the 0-based `first` on. */
export interface Slice {
  readonly first: number;
  readonly count: number;
}

export const everything: Slice = { first: 0, count: Infinity };

export const sliced = <T>(items: readonly T[], { first, count }: Slice): T[] => items.slice(first, first + count);

/**
 * The records of a slice, parsed, in the order of the files; every line is a JSON value and ends with a line break.
 * @throws CalmError not_found or io where a file cannot be read, SyntaxError where a line is no JSON.
 */
export function* recordsOf<T>(paths: readonly string[], what: string, slice: Slice = everything): Iterable<T> {
  const end = slice.first + slice.count;
  let before = 0;
  for (const path of paths) {
    if (before >= end) return;
    if (slice !== everything && before + numLines(path) <= slice.first) {
      before += numLines(path);
      continue;
    }
    for (const { text } of linesOfFile(path, what)) {
      if (before >= slice.first) yield JSON.parse(text) as T;
      before += 1;
      if (before >= end) return;
    }
  }
}

/** How many there are; every file is read through once a process. */
export const countRecords = (paths: readonly string[]): number => paths.reduce((sum, path) => sum + numLines(path), 0);

const chunkBytes = 1 << 20;
const counted = new Map<string, { readonly stamp: string; readonly lines: number }>();

function numLines(path: string): number {
  const { size, mtimeMs, ino } = statSync(path);
  const stamp = [size, mtimeMs, ino].join();
  const known = counted.get(path);
  if (known?.stamp === stamp) return known.lines;
  const descriptor = openSync(path, 'r');
  const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, size));
  let lines = 0;
  try {
    for (let n; (n = readSync(descriptor, buffer, 0, buffer.length, null)) > 0;) {
      for (let at = -1; (at = buffer.indexOf(0x0a, at + 1)) >= 0 && at < n;) lines += 1;
    }
  } finally {
    closeSync(descriptor);
  }
  counted.set(path, { stamp, lines });
  return lines;
}
