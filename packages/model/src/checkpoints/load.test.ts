import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nano, type MfamConfig } from '@calm-orch/core';
import { afterAll, describe, expect, it } from 'vitest';
import { writeSafetensors, type NamedTensor } from './safetensors.ts';
import { openQFormerSeed, openWeights, readAll } from './load.ts';
import { llmKey } from './names.ts';

const dir = mkdtempSync(join(tmpdir(), 'calm-orch-load-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const file = join(dir, 'model.safetensors');
const filled = (shape: number[], value: number): NamedTensor => ({
  shape,
  values: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
});

describe('a checkpoint under our names', () => {
  const shapes = { 'llm.model.norm.weight': [3], 'llm.lm_head.weight': [5, 3] };
  const open = (tensors: Record<string, NamedTensor>, tied?: Record<string, string>) => {
    writeSafetensors(file, tensors);
    return readAll(openWeights(dir, llmKey, shapes, { tied }));
  };
  const norm = filled([3], 1);
  const head = filled([5, 3], 2);

  it('holds exactly the parameters of the model', () => {
    const inverse = { 'model.layers.0.self_attn.rotary_emb.inv_freq': filled([2], 9) };
    const weights = open({ 'lm_head.weight': head, 'model.norm.weight': norm, ...inverse });
    expect(weights).toEqual({ 'llm.model.norm.weight': norm, 'llm.lm_head.weight': head });
  });

  it('is refused with a missing key, a surplus key, a foreign key, a doubled key or a wrong shape', () => {
    const both = { 'lm_head.weight': head, 'model.norm.weight': norm };
    expect(() => open({ 'model.norm.weight': norm })).toThrow(
      /model\.safetensors: llm\.lm_head\.weight \(5x3\) is missing/,
    );
    const surplus = { ...both, 'model.layers.7.mlp.up_proj.weight': norm };
    expect(() => open(surplus)).toThrow(
      /model\.safetensors: key model\.layers\.7\.mlp\.up_proj\.weight is not part of the configured model/,
    );
    expect(() => open({ ...both, 'transformer.wte.weight': norm })).toThrow(
      /key transformer\.wte\.weight is not part of such a model/,
    );
    const doubled = { ...both, 'language_model.lm_head.weight': head };
    expect(() => open(doubled)).toThrow(/says the same as key (language_model\.)?lm_head\.weight/);
    const transposed = { ...both, 'lm_head.weight': filled([3, 5], 2) };
    expect(() => open(transposed)).toThrow(/key lm_head\.weight is 3x5, expected 5x3/);
  });

  it('takes a tied key from its other name, whatever the file holds for it', () => {
    const tied = { 'llm.lm_head.weight': 'llm.model.norm.weight' };
    const expected = { 'llm.model.norm.weight': norm, 'llm.lm_head.weight': norm };
    expect(open({ 'model.norm.weight': norm }, tied)).toEqual(expected);
    expect(open({ 'model.norm.weight': norm, 'lm_head.weight': head }, tied)).toEqual(expected);
  });
});

describe('a published Q-Former as a seed', () => {
  const config: MfamConfig = {
    ...nano.mfam,
    hiddenSize: 4,
    mlpSize: 6,
    queries: 3,
    numLayers: 2,
    crossAttentionFrequency: 1,
  };
  const dense = (key: string, output: number, input: number, value: number) => ({
    [`${key}.weight`]: filled([output, input], value),
    [`${key}.bias`]: filled([output], value),
  });
  /** Cross-attention in every second layer and a text branch, as LAVIS writes it. */
  const layer = (i: number, width: number) => {
    const root = `Qformer.bert.encoder.layer.${i}`;
    const cross = {
      ...dense(`${root}.crossattention.self.query`, 4, 4, i),
      ...dense(`${root}.crossattention.self.key`, 4, width, i),
      ...dense(`${root}.crossattention.self.value`, 4, width, i),
    };
    return {
      ...dense(`${root}.attention.self.query`, 4, 4, i),
      ...(i % 2 === 0 && cross),
      ...dense(`${root}.intermediate.dense`, 6, 4, i),
      ...dense(`${root}.intermediate_query.dense`, 6, 4, i),
    };
  };
  const write = (width: number): void =>
    writeSafetensors(file, {
      query_tokens: filled([1, 3, 4], 7),
      ...dense('Qformer.bert.embeddings.LayerNorm', 4, 4, 8),
      'Qformer.bert.embeddings.LayerNorm.weight': filled([4], 8),
      ...Object.assign({}, ...[0, 1, 2, 3].map((i) => layer(i, width))),
      ...dense('llm_proj', 16, 4, 9),
    });

  it('gives its first layers and queries, and says what it lacks', () => {
    write(5);
    const seed = openQFormerSeed(file, 'middle', config, { hiddenSize: 5 }, { hiddenSize: 8 });
    expect(seed.read('mfam.middle.query_tokens').values[0]).toBe(7);
    expect(seed.read('mfam.middle.qformer.encoder.layer.1.attention.attention.query.weight').values[0]).toBe(1);
    expect(seed.keys).not.toContain('mfam.middle.qformer.encoder.layer.2.attention.attention.query.weight');
    expect(seed.fresh).toContain('mfam.middle.projection.weight');
    expect(seed.fresh).toContain('mfam.middle.qformer.encoder.layer.1.crossattention.attention.key.weight');
    expect(seed.fresh).not.toContain('mfam.middle.qformer.encoder.layer.0.crossattention.attention.key.weight');
    seed.close();
    // `llm_proj` leads to a language model of width 16: there it is the projection.
    const fitting = openQFormerSeed(file, 'middle', config, { hiddenSize: 5 }, { hiddenSize: 16 });
    expect(fitting.read('mfam.middle.projection.weight')).toEqual(filled([16, 4], 9));
    fitting.close();
  });

  it('is refused when it reads features of another width, or is none', () => {
    write(8);
    expect(() => openQFormerSeed(file, 'low', config, { hiddenSize: 5 }, { hiddenSize: 8 })).toThrow(
      /key Qformer\.bert\.encoder\.layer\.0\.crossattention\.self\.key\.weight is 4x8, expected 4x5/,
    );
    writeSafetensors(file, dense('llm_proj', 16, 4, 9));
    expect(() => openQFormerSeed(file, 'low', config, { hiddenSize: 5 }, { hiddenSize: 8 })).toThrow(
      /no key of a Q-Former/,
    );
  });
});
