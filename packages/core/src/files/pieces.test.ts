import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sha256 } from '../order/canonical.ts';
import { pieces, readInto, sha256OfFile, updateHash, writeAll } from './pieces.ts';

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch-pieces-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** 28 bytes within other memory, in pieces that fit neither them nor a number. */
const numbers = Float32Array.from({ length: 9 }, (_, i) => i / 3).subarray(1, 8);
const bytes = Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
const open = <T>(path: string, flags: string, work: (descriptor: number) => T): T => {
  const descriptor = openSync(path, flags);
  try {
    return work(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

it.each([1, 3, 5, 28, 100])('writes, hashes and reads back the same bytes in pieces of %i', (size) => {
  const path = join(dir, 'numbers');
  expect([...pieces(numbers, size)].every(({ length }) => length <= size)).toBe(true);
  open(path, 'w', (descriptor) => {
    writeAll(descriptor, Buffer.from('head'), size);
    writeAll(descriptor, numbers, size);
  });
  expect(readFileSync(path)).toEqual(Buffer.concat([Buffer.from('head'), bytes]));
  expect(sha256OfFile(path, size)).toBe(sha256(readFileSync(path)));
  const hash = createHash('sha256');
  updateHash(hash, numbers, size);
  expect(hash.digest('hex')).toBe(sha256(bytes));
  const back = new Float32Array(7);
  expect(open(path, 'r', (descriptor) => readInto(descriptor, back, 4, size))).toBe(28);
  expect(back).toEqual(numbers);
  expect(open(path, 'r', (descriptor) => readInto(descriptor, new Float32Array(7), 20, size))).toBe(12);
});

it('hashes files of 2 GiB and more, which cannot be read at once', () => {
  const path = join(dir, 'sparse');
  writeFileSync(path, 'x');
  truncateSync(path, 2 ** 31);
  expect(() => readFileSync(path)).toThrow(/greater than 2 GiB/);
  // By sha256sum of the GNU coreutils.
  expect(sha256OfFile(path)).toBe('51647d35a9fb955776a1bf6fd93a34cf9066345c57d034d86f35a69279641cb6');
});
