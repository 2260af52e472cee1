import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTestFolders } from '../test-folder.test-util.ts';
import { formatRawComments, readRawComments } from './raw-comments.ts';

const freshFolder = useTestFolders();

describe('raw comments of AVA', () => {
  it("splits at '#', skips lines without an id and counts them", () => {
    const path = join(freshFolder(), 'AVA_Comments_Full.txt');
    const lines = [
      formatRawComments(0, { id: 359334, comments: ['Nice, é!', 'I am #1'] }),
      '1#no id#x',
      'torn',
      '2#7#',
    ];
    writeFileSync(path, `\uFEFF${lines.join('\r\n')}`);
    const tally = { skipped: 0 };
    expect([...readRawComments(path, tally)]).toEqual([
      { id: 359334, comments: ['Nice, é!', 'I am', '1'] },
      { id: 7, comments: [] },
    ]);
    expect(tally.skipped).toBe(2);
  });

  it('reads lines across the borders of its buffer, and refuses a file that is one line', () => {
    const path = join(freshFolder(), 'AVA_Comments_Full.txt');
    const comment = 'é'.repeat(300_000);
    writeFileSync(path, [1, 2, 3].map((id) => formatRawComments(id, { id, comments: [comment] })).join('\n'));
    expect([...readRawComments(path)].map(({ id, comments }) => [id, comments[0] === comment])).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ]);
    writeFileSync(path, Buffer.alloc(20 << 20, 'x'));
    expect(() => [...readRawComments(path)]).toThrow(`${path}:1: expected a line of AVA comments, got more than`);
  });
});
