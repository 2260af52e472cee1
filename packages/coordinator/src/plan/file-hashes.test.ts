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
});
