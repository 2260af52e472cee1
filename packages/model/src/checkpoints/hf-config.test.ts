import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { paper } from '@calm-orch/core';
import { afterAll, describe, expect, it } from 'vitest';
import { llmConfigJson, readLlmConfig, readVisionConfig, visionConfigJson } from './hf-config.ts';

const dir = mkdtempSync(join(tmpdir(), 'calm-orch-config-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const write = (json: unknown): void => writeFileSync(join(dir, 'config.json'), JSON.stringify(json));

describe("a language model's config.json", () => {
  const llama = llmConfigJson(paper.llm);
  const read = (changes: Record<string, unknown>) => {
    write({ ...llama, ...changes });
    return readLlmConfig(dir);
  };

  it('gives back the configuration it was written from', () => {
    expect(read({})).toEqual({ llm: paper.llm, tiedEmbeddings: false });
  });

  it('is read from old and new files: defaults, tied embeddings, angles in either place, a model within a model', () => {
    expect(read({ tie_word_embeddings: true }).tiedEmbeddings).toBe(true);
    const old = read({ num_key_value_heads: undefined, rope_theta: undefined, rope_scaling: null, head_dim: null });
    expect(old.llm).toEqual({ ...paper.llm, numKeyValueHeads: paper.llm.numHeads, ropeTheta: 10000 });
    expect(read({ rope_parameters: { rope_type: 'default', rope_theta: 5e5 } }).llm.ropeTheta).toBe(5e5);
    write({ model_type: 'llava', text_config: llama });
    expect(readLlmConfig(dir).llm).toEqual(paper.llm);
  });

  it('has the defaults of LlamaConfig, or MistralConfig, where a file leaves out what equals them', () => {
    const vicuna = { ...paper.llm, numKeyValueHeads: 32, vocabSize: 32064, rmsNormEps: 1e-5, ropeTheta: 10000 };
    write({
      model_type: 'llava',
      text_config: { model_type: 'llama', rms_norm_eps: 1e-5, vocab_size: 32064, max_position_embeddings: 4096 },
    });
    expect(readLlmConfig(dir).llm).toEqual({ ...vicuna, maxPositions: 4096 });
    write({ model_type: 'llama', hidden_size: null });
    expect(readLlmConfig(dir).llm).toEqual({ ...vicuna, vocabSize: 32000, rmsNormEps: 1e-6, maxPositions: 2048 });
    write({ model_type: 'mistral', rms_norm_eps: 1e-5 });
    expect(readLlmConfig(dir).llm).toMatchObject({ mlpSize: 14336, numKeyValueHeads: 8, numLayers: 32 });
  });

  it('is read with a byte order mark before it', () => {
    writeFileSync(join(dir, 'config.json'), `\uFEFF${JSON.stringify(llama)}`);
    expect(readLlmConfig(dir).llm).toEqual(paper.llm);
  });

  it('is refused by field where the model computes something else', () => {
    expect(() => read({ head_dim: 64 })).toThrow(
      /config\.json: head_dim should be hidden_size \/ num_attention_heads .*got 64/,
    );
    expect(() => read({ num_key_value_heads: 3 })).toThrow(/num_key_value_heads should divide num_attention_heads/);
    expect(() => read({ hidden_act: 'gelu' })).toThrow(/hidden_act is "gelu"; this program computes "silu" only/);
    expect(() => read({ attention_bias: true })).toThrow(/attention_bias is true/);
    expect(() => read({ rope_scaling: { type: 'linear', factor: 2 } })).toThrow(/rope_scaling is "linear"/);
    expect(() => read({ rope_parameters: { rope_type: 'llama3' } })).toThrow(/rope_parameters\.rope_type is "llama3"/);
    expect(() => read({ vocab_size: '32000' })).toThrow(/vocab_size should be a positive integer, got "32000"/);
    writeFileSync(join(dir, 'config.json'), '[]');
    expect(() => readLlmConfig(dir)).toThrow(/config\.json: expected a JSON object/);
    expect(() => readLlmConfig(join(dir, 'absent'))).toThrow(/absent\/config\.json cannot be read: ENOENT/);
  });
});

describe("a vision tower's config.json", () => {
  it('gives back the configuration it was written from, alone or within a CLIPModel', () => {
    write(visionConfigJson(paper.vision));
    expect(readVisionConfig(dir)).toEqual(paper.vision);
    write({ model_type: 'clip', vision_config: visionConfigJson(paper.vision), text_config: {} });
    expect(readVisionConfig(dir)).toEqual(paper.vision);
  });

  it('is refused where patches do not tile the image', () => {
    write({ ...visionConfigJson(paper.vision), patch_size: 15 });
    expect(() => readVisionConfig(dir)).toThrow(/patch_size should divide image_size \(15, /);
  });
});
