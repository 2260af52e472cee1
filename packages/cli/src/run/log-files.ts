// The logs of a run's processes: which there are, their last lines, and what is appended to them.
import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Layout } from '@calm-orch/coordinator';

export interface LogFile {
  /** `trainer-0`, `coordinator`. */
  readonly name: string;
  readonly path: string;
}

/** Those there are now, by name. */
export function logFiles(layout: Layout, runId: string): LogFile[] {
  const folder = dirname(layout.log(runId, 'x'));
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.log'))
      .map(({ name }) => ({ name: name.slice(0, -'.log'.length), path: join(folder, name) }))
      .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

const chunkBytes = 64 * 1024;
const lineFeed = 0x0a;

/** Where the last `count` lines of a file begin. */
export function startOfLastLines(path: string, count: number): number {
  return withFile(path, (file) => {
    const chunk = Buffer.alloc(chunkBytes);
    const end = fstatSync(file).size;
    // The line feed at the very end ends the last line, it begins none.
    let left = count;
    for (let from = end; from > 0;) {
      const length = Math.min(chunkBytes, from);
      from -= length;
      const read = readSync(file, chunk, 0, length, from);
      for (let at = read - 1; at >= 0; at--) {
        if (chunk[at] !== lineFeed || from + at === end - 1) continue;
        if (--left <= 0) return count === 0 ? end : from + at + 1;
      }
    }
    return count === 0 ? end : 0;
  });
}

export interface LineReader {
  /** Whole lines appended since the last call, a limited number of bytes at once; null: nothing new. */
  next(): string[] | null;
  /** What stands after the last line feed. */
  rest(): string[];
}

/** Reads a file from `offset` on, and from its begin again where it has become shorter. */
export function createLineReader(path: string, offset = 0): LineReader {
  let at = offset;
  let part: Buffer[] = [];
  return {
    next: () => {
      if (statSync(path).size < at) [at, part] = [0, []];
      const bytes = withFile(path, (file) => {
        const chunk = Buffer.alloc(chunkBytes);
        return chunk.subarray(0, readSync(file, chunk, 0, chunkBytes, at));
      });
      if (bytes.length === 0) return null;
      at += bytes.length;
      const end = bytes.lastIndexOf(lineFeed);
      if (end < 0) return (part.push(bytes), []);
      const whole = Buffer.concat([...part, bytes.subarray(0, end)]);
      part = [bytes.subarray(end + 1)];
      return whole.toString('utf8').split('\n');
    },
    rest: () => {
      const text = Buffer.concat(part).toString('utf8');
      part = [];
      return text === '' ? [] : [text];
    },
  };
}

function withFile<T>(path: string, read: (file: number) => T): T {
  const file = openSync(path, 'r');
  try {
    return read(file);
  } finally {
    closeSync(file);
  }
}
