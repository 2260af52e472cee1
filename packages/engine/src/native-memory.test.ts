import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rng } from '@calm-orch/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nativeMemory, plainSumTree } from './native-memory.ts';

const memory = nativeMemory();

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-memory-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe.skipIf(memory === undefined)('the addon for shared memory', () => {
  const map = (name: string, bytes: number, isOwn: boolean): ArrayBuffer => {
    const file = openSync(join(dir, name), isOwn ? 'w+' : 'r');
    try {
      return memory!.mapFile(file, bytes, isOwn);
    } finally {
      closeSync(file);
    }
  };

  it('shows another process what is written, without a copy, until it is unmapped', () => {
    const own = new Float32Array(map('a', 4000, true));
    const theirs = new Float32Array(map('a', 4000, false));
    own.fill(3, 500);
    expect([theirs[499], theirs[500], theirs[999]]).toEqual([0, 3, 3]);
    memory!.unmapFile(own.buffer);
    expect(own.length).toBe(0);
    expect(theirs[999]).toBe(3);
  });

  it('maps no more of a file than there is', () => {
    map('a', 4000, true);
    expect(() => map('a', 4001, false)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  });

  it('adds in the order it is told, to the bits of the plain sum', () => {
    const draw = rng('sums');
    for (const adds of [[0], [0, 1], [0, 1, 0, 2], [0, 1, 1, 1], [0, 0, 2], [0, 1, 0, 2, 0, 1, 0, 3]]) {
      for (const length of [1, 7, 5000]) {
        const operands = adds.map(() => Float32Array.from({ length }, () => draw.normal()));
        const [plain, sum] = [new Float32Array(length), operands.at(-1)!];
        plainSumTree(plain, operands, Uint8Array.from(adds));
        memory!.sumTree(sum, operands, Uint8Array.from(adds));
        expect(sum, adds.join()).toEqual(plain);
      }
    }
  });

  it('refuses what is no sum', () => {
    const one = new Float32Array(3);
    for (const adds of [[], [0, 0], [1, 0], [0, 2]])
      expect(() => memory!.sumTree(one, [one, one], Uint8Array.from(adds))).toThrow('EINVAL');
    expect(() => memory!.sumTree(one, [one, new Float32Array(4)], Uint8Array.of(0, 1))).toThrow('EINVAL');
  });
});
