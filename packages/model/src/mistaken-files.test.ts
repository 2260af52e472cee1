// A model folder cloned without LFS, or saved from the pages about its files.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foundationFiles } from '@calm-orch/core';
import { readLlmConfig, readVisionConfig } from './checkpoints/hf-config.ts';
import { openCheckpoint } from './checkpoints/open-checkpoint.ts';
import { openSafetensors } from './checkpoints/safetensors.ts';
import { openLlamaTokenizer } from './tokenizers/llama-tokenizer.ts';

let dir: string;
beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'calm-orch-mistaken-'))));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const readers: readonly (readonly [name: string, read: (path: string) => unknown])[] = [
  ['model.safetensors', openSafetensors],
  ['model.safetensors', openCheckpoint],
  ['pytorch_model.bin', openCheckpoint],
  ['model.safetensors.index.json', openCheckpoint],
  ['config.json', () => readLlmConfig(dir)],
  ['config.json', () => readVisionConfig(dir)],
  ['tokenizer.json', () => openLlamaTokenizer(dir)],
  ['tokenizer.model', () => openLlamaTokenizer(dir)],
  ['model.safetensors', () => foundationFiles('llm', dir)],
  ['checkpoint.safetensors', (path) => foundationFiles('checkpoint', path)],
];

describe.each([
  [
    'a Git LFS pointer',
    `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 13476838400\n`,
    /^[^\n]*: it is a Git LFS pointer, not the file itself; run `git lfs pull` where it was cloned$/,
  ],
  [
    'a web page',
    `<!doctype html>\n<html class="">${' '.repeat(2000)}</html>\n`,
    /^[^\n]*: it is a web page \(HTML\); download the file itself, not its page$/,
  ],
] as const)('%s in place of a model', (_what, content, remedy) => {
  test.each(readers)('is told as that where %s is read', (name, read) => {
    const path = join(dir, name);
    writeFileSync(path, content);
    try {
      expect(() => read(path)).toThrow(remedy);
    } finally {
      rmSync(path);
    }
  });
});
