import { mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '@calm-orch/core';
import { fileHasher } from './file-hashes.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-hashes-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('fileHasher', () => {
  it('hashes what a link leads to now, were size and time those of what it led to before', () => {
    const link = join(dir, 'model.safetensors');
    const hash = fileHasher();
    for (const text of ['one', 'two']) {
      writeFileSync(join(dir, text), text);
      utimesSync(join(dir, text), 1000, 1000);
      rmSync(link, { force: true });
      symlinkSync(text, link);
      expect(hash(link)).toBe(sha256(text));
    }
  });

  it('hashes without remembering where nothing can be written', () => {
    const [file, noFolder] = [join(dir, 'model.safetensors'), join(dir, 'no folder')];
    writeFileSync(noFolder, '');
    const text = 'a'.repeat(16 << 20);
    writeFileSync(file, text);
    expect(fileHasher(join(noFolder, 'hashes.json'))(file)).toBe(sha256(text));
  });

  it('hashes a remembered file anew where another of its size has taken its place and brought its time', () => {
    const file = join(dir, 'model.safetensors');
    for (const letter of ['a', 'b']) {
      const text = letter.repeat(16 << 20);
      writeFileSync(file, text);
      utimesSync(file, 1000, 1000);
      expect(fileHasher(join(dir, 'hashes.json'))(file)).toBe(sha256(text));
    }
  });
});
