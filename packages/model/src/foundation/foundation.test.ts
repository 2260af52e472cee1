import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyFileSync } from 'node:fs';
import { CalmError, nano, type FoundationSources, type TrialConfig } from '@calm-orch/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { llmConfigJson, visionConfigJson } from '../checkpoints/hf-config.ts';
import { initialWeights } from '../layers/initialize.ts';
import { llmShapes } from '../layers/llama.ts';
import { writeSafetensors } from '../checkpoints/safetensors.ts';
import type { Shapes, Weights } from '../training/shard-gradients.ts';
import { visionShapes } from '../layers/vision.ts';
import { checkFoundation, type CheckedConfig } from './check-foundation.ts';
import { openFoundation, openParts } from './open-foundation.ts';

const root = mkdtempSync(join(tmpdir(), 'calm-orch-foundation-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const folder = (name: string): string => {
  mkdirSync(join(root, name), { recursive: true });
  return join(root, name);
};
const tokenizer = fileURLToPath(new URL('../../fixtures/tokenizer/tokenizer.model', import.meta.url));

const vision: TrialConfig['vision'] = {
  ...nano.vision,
  imageSize: 16,
  patchSize: 8,
  hiddenSize: 8,
  numLayers: 2,
  numHeads: 2,
  mlpSize: 16,
};
const llm: TrialConfig['llm'] = {
  ...nano.llm,
  hiddenSize: 8,
  numLayers: 1,
  numHeads: 2,
  numKeyValueHeads: 1,
  mlpSize: 16,
  vocabSize: 512,
};
const mfam: TrialConfig['mfam'] = {
  ...nano.mfam,
  taps: { low: 0, middle: 1, high: 2, thematic: 2 },
  hiddenSize: 8,
  numHeads: 2,
  mlpSize: 8,
  standardizeTaps: false,
};
const config: CheckedConfig = {
  foundation: { ...nano.foundation, checkpoint: root },
  vision,
  llm,
  mfam,
  prompt: { template: 'vicuna_v1' },
};

/** Weights as published files name them. */
function publish(path: string, shapes: Shapes, prefix: string, extra: Weights = {}): void {
  const weights = Object.entries(initialWeights(shapes, 1)).map(([key, value]) => [key.slice(prefix.length), value]);
  writeSafetensors(path, { ...(Object.fromEntries(weights) as Weights), ...extra });
}

beforeAll(() => {
  const norm = { shape: [8], values: new Float32Array(8) };
  const ids = { 'vision_model.post_layernorm.weight': norm, 'text_model.final_layer_norm.weight': norm };
  publish(join(folder('vision'), 'model.safetensors'), visionShapes(vision), 'vision.', ids);
  // A whole CLIPModel's config.json.
  const json = { model_type: 'clip', vision_config: visionConfigJson(vision), text_config: { hidden_size: 99 } };
  writeFileSync(join(root, 'vision/config.json'), JSON.stringify(json));
  publish(join(folder('llm'), 'model.safetensors'), llmShapes(llm), 'llm.');
  writeFileSync(join(root, 'llm/config.json'), JSON.stringify(llmConfigJson(llm)));
  copyFileSync(tokenizer, join(root, 'llm/tokenizer.model'));
});

/** The error's message; all errors here must be CalmErrors. */
function messageOf(change: Partial<CheckedConfig>): string {
  try {
    checkFoundation({ ...config, ...change });
  } catch (error) {
    expect(error).toBeInstanceOf(CalmError);
    return (error as CalmError).message;
  }
  return 'no error';
}

describe('the check before anything is trained', () => {
  it('passes models, tokenizer and sizes that belong together', () => {
    expect(messageOf({})).toBe('no error');
    const apart = { checkpoint: 'none', vision: join(root, 'vision'), llm: join(root, 'llm') };
    expect(messageOf({ foundation: { ...nano.foundation, ...apart } })).toBe('no error');
  });

  it('names config.json, both sizes and the keys to set', () => {
    expect(messageOf({ vision: { ...vision, numLayers: 3, mlpSize: 32 } })).toMatch(
      /vision\/config\.json says numLayers 2 \(configured: 3\), mlpSize 16 \(configured: 32\); set vision\.numLayers: 2, vision\.mlpSize: 16/,
    );
    expect(messageOf({ llm: { ...llm, rmsNormEps: 1e-5 } })).toMatch(/llm\/config\.json says rmsNormEps 0\.000001/);
  });

  it('lets photographs have another size than the checkpoint, whose position embeddings stay as they are', () => {
    const larger = { ...vision, imageSize: 32 };
    expect(messageOf({ vision: larger })).toBe('no error');
    const foundation = openParts({ vision: join(root, 'vision') });
    const positions = foundation.vision(larger)['vision.vision_model.embeddings.position_embedding.weight']!;
    expect(positions.shape).toEqual([5, 8]);
    expect(positions.values).toHaveLength(40);
    foundation.close();
  });

  it('takes the first layers of a deeper language model, and no fewer layers than are configured', () => {
    const deeper = folder('deeper-llm');
    const two = { ...llm, numLayers: 2 };
    copyFileSync(tokenizer, join(deeper, 'tokenizer.model'));
    writeFileSync(join(deeper, 'config.json'), JSON.stringify(llmConfigJson(two)));
    publish(join(deeper, 'model.safetensors'), llmShapes(two), 'llm.');
    const foundation = { ...config.foundation, llm: deeper };
    expect(messageOf({ foundation })).toBe('no error');
    expect(messageOf({ foundation, llm: { ...llm, numLayers: 3 } })).toMatch(/numLayers 2 \(configured: 3\)/);
    const opened = openParts({ llm: deeper });
    const key = 'llm.model.layers.0.mlp.up_proj.weight';
    const first = opened.llm(llm);
    expect(Object.keys(first).sort()).toEqual(Object.keys(llmShapes(llm)).sort());
    expect(first[key]!.values).toEqual(opened.llm(two)[key]!.values);
    opened.close();
  });

  it('refuses a tokenizer that does not fit the embedding', () => {
    const small = { ...llm, vocabSize: 500 };
    writeFileSync(join(root, 'llm/config.json'), JSON.stringify(llmConfigJson(small)));
    expect(messageOf({ llm: small })).toMatch(/llm: the tokenizer has 512 pieces, the embedding 500 rows/);
    writeFileSync(join(root, 'llm/config.json'), JSON.stringify(llmConfigJson(llm)));
  });

  it('refuses weights that lack a key or have another shape than config.json says', () => {
    const more = folder('other-llm');
    const { 'llm.model.norm.weight': norm, ...rest } = llmShapes(llm);
    copyFileSync(tokenizer, join(more, 'tokenizer.model'));
    writeFileSync(join(more, 'config.json'), JSON.stringify(llmConfigJson(llm)));
    const foundation = { ...config.foundation, llm: more };
    publish(join(more, 'model.safetensors'), rest, 'llm.');
    expect(messageOf({ foundation })).toMatch(
      /other-llm\/model\.safetensors: llm\.model\.norm\.weight \(8\) is missing/,
    );
    publish(join(more, 'model.safetensors'), { ...rest, 'llm.model.norm.weight': [...norm!, 2] }, 'llm.');
    expect(messageOf({ foundation })).toMatch(/key model\.norm\.weight is 8x2, expected 8/);
  });

  it('refuses statistics, templates and places there are none for', () => {
    expect(messageOf({ mfam: { ...mfam, standardizeTaps: true } })).toMatch(/set mfam\.standardizeTaps=false/);
    const carried = { ...config.foundation, checkpoint: join(root, 'llm/model.safetensors') };
    expect(messageOf({ foundation: carried })).toMatch(/prompt\.template vicuna_v1 needs .*foundation\.llm/);
    expect(messageOf({ foundation: { ...config.foundation, vision: join(root, 'nowhere') } })).toMatch(
      /foundation\.vision: no checkpoint at .*nowhere; name the folder/,
    );
    expect(messageOf({ foundation: { ...config.foundation, llm: tokenizer } })).toMatch(/is a file; name the folder/);
  });
});

describe('seeds of the MFAM', () => {
  it('are a published projection and Q-Former, which must fit', () => {
    const dense = (key: string, output: number, input: number): Shapes => ({
      [`${key}.weight`]: [output, input],
      [`${key}.bias`]: [output],
    });
    const projector = join(root, 'mm_projector.safetensors');
    publish(projector, { ...dense('model.mm_projector.0', 8, 8), ...dense('model.mm_projector.2', 8, 8) }, '');
    const qformer = join(root, 'qformer.safetensors');
    publish(
      qformer,
      { query_tokens: [1, 8, 8], ...dense('Qformer.bert.encoder.layer.0.attention.self.query', 8, 8) },
      '',
    );
    const foundation = { ...config.foundation, projector, qformer };
    expect(messageOf({ foundation })).toMatch(/mm_projector\.safetensors: key model\.mm_projector\.0\.\w+ is not part/);
    const twoLayers = { ...mfam, projector: 'mlp2x_gelu' as const };
    expect(messageOf({ foundation, mfam: twoLayers })).toBe('no error');
    expect(messageOf({ foundation, mfam: { ...twoLayers, queries: 4 } })).toMatch(
      /query_tokens is 1x8x8, expected 1x4x8/,
    );
  });
});

describe('the foundation of a stage', () => {
  const sourcesOf = (mtimeMs?: number): string => {
    const dir = folder('artifact');
    const file = join(root, 'llm/model.safetensors');
    const stat = statSync(file);
    const sources: FoundationSources = {
      parts: { vision: join(root, 'vision'), llm: join(root, 'llm') },
      files: [{ path: file, bytes: stat.size, mtimeMs: mtimeMs ?? stat.mtimeMs, sha256: '' }],
    };
    writeFileSync(join(dir, 'sources.json'), JSON.stringify(sources));
    return dir;
  };

  it('gives weights of the folders under our names, each read when it is looked at', () => {
    const foundation = openFoundation(sourcesOf());
    const weights = { ...foundation.llm(llm), ...foundation.vision(vision) };
    expect(Object.keys(weights).sort()).toEqual(
      [...Object.keys(llmShapes(llm)), ...Object.keys(visionShapes(vision))].sort(),
    );
    const expected = initialWeights(llmShapes(llm), 1)['llm.lm_head.weight']!;
    expect(weights['llm.lm_head.weight']!.shape).toEqual(expected.shape);
    expect(weights['llm.lm_head.weight']!.values).toEqual(expected.values);
    expect(weights['llm.lm_head.weight']!.values).not.toBe(weights['llm.lm_head.weight']!.values);
    expect(foundation.tokenizerDir).toBe(join(root, 'llm'));
    expect(foundation.mfam(mfam, { tokens: 5, width: 8 }, llm)).toEqual({});
    foundation.close();
  });

  it('is refused where a file has changed since the run was planned', () => {
    const dir = sourcesOf(12345);
    expect(() => openFoundation(dir)).toThrow(/llm\/model\.safetensors: has changed since the run was planned/);
  });

  it('is the carried file, or what its own stage wrote', () => {
    const weights = { a: { shape: [2], values: Float32Array.of(1, 2) } };
    writeSafetensors(join(folder('carried'), 'foundation.safetensors'), weights);
    writeSafetensors(join(folder('rebuilt'), 'model.safetensors'), weights);
    for (const name of ['carried', 'rebuilt']) {
      const foundation = openFoundation(folder(name));
      expect([...foundation.vision(vision).a!.values]).toEqual([1, 2]);
      expect(foundation.tokenizerDir).toBeUndefined();
      foundation.close();
    }
    for (const dir of [undefined, folder('empty')])
      expect(() => openFoundation(dir)).toThrow(/no foundation checkpoint in .*; run experiments\/foundation\.yaml/);
  });
});
