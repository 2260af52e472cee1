// Checkpoints with bytes cut off, exchanged and shuffled: an error that names the file, or tensors; never anything else.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { CalmError, rng } from '@calm-orch/core';
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from './open-checkpoint.ts';

const dir = mkdtempSync(join(tmpdir(), 'calm-orch-fuzz-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const golden = (name: string): Buffer =>
  gunzipSync(readFileSync(fileURLToPath(new URL(`../../fixtures/tiny-calm/llm/${name}.gz`, import.meta.url))));
const rounds = 150;

/** Reads all of a file; a damaged one may read, be refused by name, or nothing else. */
function expectNamed(path: string): 'read' | 'refused' {
  try {
    const file = openCheckpoint(path);
    try {
      for (const key of file.keys) file.read(key);
    } finally {
      file.close();
    }
    return 'read';
  } catch (error) {
    expect(error).toBeInstanceOf(CalmError);
    expect((error as CalmError).message).toContain(path);
    return 'refused';
  }
}

describe.each([
  ['model.safetensors', 'model-00001-of-00002.safetensors'],
  ['pytorch_model.bin', 'pytorch_model.bin'],
])('%s', (name, fixture) => {
  const whole = golden(fixture);
  const path = join(dir, name);
  // Where the structure is: the head of a safetensors file; pickle and directory of an archive.
  const places = name.endsWith('.bin') ? [0, 6000, whole.length - 5000, whole.length] : [0, 3000, 0, 3000];
  const place = (random: { int(n: number): number }): number => {
    const at = 2 * random.int(2);
    return places[at]! + random.int(places[at + 1]! - places[at]!);
  };

  it('with bytes exchanged', () => {
    const ends = Array.from({ length: rounds }, (_, i) => {
      const random = rng('fuzz', name, 'exchange', i);
      const bytes = Buffer.from(whole);
      for (let n = 0; n <= i % 4; n++) bytes[place(random)] = random.int(256);
      writeFileSync(path, bytes);
      return expectNamed(path);
    });
    expect(ends).toContain('refused');
  });

  it('with runs of bytes shuffled', () => {
    for (let i = 0; i < rounds; i++) {
      const random = rng('fuzz', name, 'shuffle', i);
      const bytes = Buffer.from(whole);
      const at = Math.min(place(random), whole.length - 64);
      bytes.set(random.shuffle([...bytes.subarray(at, at + 64)]), at);
      writeFileSync(path, bytes);
      expectNamed(path);
    }
  });

  it('cut off', () => {
    for (let i = 0; i < rounds / 3; i++) {
      writeFileSync(path, whole.subarray(0, rng('fuzz', name, 'cut', i).int(whole.length)));
      expect(expectNamed(path)).toBe('refused');
    }
  });
});
