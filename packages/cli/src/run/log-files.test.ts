import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { layoutOf } from '@calm-orch/coordinator';
import { createLineReader, logFiles, startOfLastLines } from './log-files.ts';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-logs-'));
  path = join(dir, 'trainer-0.log');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const readAll = (from: number): string[] => {
  const reader = createLineReader(path, from);
  const lines: string[] = [];
  for (let more = reader.next(); more !== null; more = reader.next()) lines.push(...more);
  return [...lines, ...reader.rest()];
};

describe('logs', () => {
  it.each([
    ['ends with its last line', '\n'],
    ['is cut off in a line', ''],
  ])('give the last lines of a file that %s, however long it is', (_, end) => {
    const lines = Array.from({ length: 30_000 }, (__, i) => `${i} über ${'x'.repeat(i % 7)}`);
    writeFileSync(path, lines.join('\n') + end);
    for (const count of [0, 1, 2, 10, 20_000, 29_999, 30_000, 40_000])
      expect(readAll(startOfLastLines(path, count))).toEqual(count === 0 ? [] : lines.slice(-count));
  });

  it('are followed line by line, whatever they are cut into, and from the begin again when they become shorter', () => {
    writeFileSync(path, '');
    const reader = createLineReader(path);
    expect(reader.next()).toBeNull();
    const bytes = Buffer.from('ä one\nö two\nü');
    appendFileSync(path, bytes.subarray(0, 1));
    expect(reader.next()).toEqual([]);
    appendFileSync(path, bytes.subarray(1, 9));
    expect(reader.next()).toEqual(['ä one']);
    appendFileSync(path, bytes.subarray(9));
    expect(reader.next()).toEqual(['ö two']);
    writeFileSync(path, 'new\n');
    expect(reader.next()).toEqual(['new']);
    expect(reader.rest()).toEqual([]);
  });

  it('are those of the run, in order of their numbers; a run without any has none', () => {
    const layout = layoutOf(dir);
    expect(logFiles(layout, 'x-1')).toEqual([]);
    mkdirSync(join(dir, 'logs/x-1/folder.log'), { recursive: true });
    for (const name of ['trainer-10.log', 'trainer-2.log', 'notes.txt']) writeFileSync(join(dir, 'logs/x-1', name), '');
    expect(logFiles(layout, 'x-1').map(({ name }) => name)).toEqual(['trainer-2', 'trainer-10']);
  });
});
