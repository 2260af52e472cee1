// Tiny models in published layouts: what is made is what a run reads.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { nano, type MadeModel } from '@calm-orch/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { visionShapes } from '../layers/vision.ts';
import { openLlamaTokenizer } from '../tokenizers/llama-tokenizer.ts';
import { smallVocabSize } from '../tokenizers/small-tokenizer.ts';
import { checkFoundation } from './check-foundation.ts';
import { makeModels } from './make-models.ts';
import { openParts } from './open-foundation.ts';

const root = mkdtempSync(join(tmpdir(), 'calm-orch-make-models-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const words = ['photo', 'USER:'];
const fixture = fileURLToPath(new URL('../../fixtures/tokenizer', import.meta.url));

const vision = { ...nano.vision, hiddenSize: 8, numHeads: 2, mlpSize: 16 };
const llm = {
  ...nano.llm,
  hiddenSize: 8,
  numHeads: 2,
  numKeyValueHeads: 1,
  mlpSize: 16,
  vocabSize: smallVocabSize(words),
};
const [clip, llama, file]: readonly MadeModel[] = [
  { path: join(root, 'clip'), vision, llm: null, tokenizer: null },
  { path: join(root, 'llama'), vision: null, llm, tokenizer: null },
  { path: join(root, 'own.safetensors'), vision, llm, tokenizer: null },
];
beforeAll(() => makeModels([clip!, llama!, file!], words));

describe('folders', () => {
  it('are those of CLIP and LLaMA, and pass the check of what is downloaded', () => {
    expect(readdirSync(clip!.path).sort()).toEqual(['config.json', 'model.safetensors']);
    const inLlama = readdirSync(llama!.path).map((name) => name.replace(/-\d{5}-of-\d{5}/, '-N-of-M'));
    expect([...new Set(inLlama)].sort()).toEqual([
      'config.json',
      'model-N-of-M.safetensors',
      'model.safetensors.index.json',
      'tokenizer.json',
    ]);
    expect(inLlama.length).toBeGreaterThan(4);
    const config = JSON.parse(readFileSync(join(clip!.path, 'config.json'), 'utf8')) as object;
    expect(config).toMatchObject({ model_type: 'clip', vision_config: { hidden_size: 8 } });
    const foundation = { ...nano.foundation, vision: clip!.path, llm: llama!.path };
    const mfam = { ...nano.mfam, standardizeTaps: false };
    checkFoundation({ foundation, vision, llm, mfam, prompt: { template: 'vicuna_v1' } });
  });

  it('keep a tokenizer that is there', () => {
    const path = join(root, 'kept');
    makeModels([{ path, vision: null, llm: { ...llm, vocabSize: 512 }, tokenizer: fixture }], words);
    expect(openLlamaTokenizer(path).vocabSize).toBe(512);
  });

  it('are left alone where they are whole, and made again to the byte where they are not', () => {
    const weights = join(clip!.path, 'model.safetensors');
    const [before, bytes] = [statSync(weights).mtimeMs, readFileSync(weights)];
    makeModels([clip!], words);
    expect(statSync(weights).mtimeMs).toBe(before);
    rmSync(clip!.path, { recursive: true });
    makeModels([clip!], words);
    expect(readFileSync(weights).equals(bytes)).toBe(true);
  });
});

it('one file has both models and statistics for every layer', () => {
  expect(existsSync(file!.path)).toBe(true);
  const foundation = openParts({ checkpoint: file!.path });
  const weights = foundation.vision(vision);
  for (const [key, shape] of Object.entries(visionShapes(vision))) expect(weights[key]!.shape).toEqual(shape);
  expect([...weights['taps.6.deviation']!.values]).toEqual(Array.from({ length: 8 }, () => 1));
  foundation.close();
});
