// Low-rank adaptation against PEFT on transformers' LLaMA (fixtures/training-options).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LlmConfig, LoraConfig } from '@calm-orch/core';
import { startEngine, type Values } from '@calm-orch/engine';
import { afterAll, describe, expect, it } from 'vitest';
import { embedTokens, llamaHidden, llmShapes, logitsOf } from './llama.ts';
import { tokenCrossEntropy } from './layers.ts';
import { initialLora, loraShapes, mergeLora, peftKey, withLora, writeAdapter } from './lora.ts';
import type { Parameters } from './parameter.ts';
import { readSafetensors, type NamedTensor } from '../checkpoints/safetensors.ts';
import { createShardedStep } from '../training/sharded-step.ts';

interface Golden extends LlmConfig, LoraConfig {
  readonly ids: number[];
  readonly batch: number;
  readonly tokens: number;
  readonly learningRate: number;
  readonly losses: number[];
}
const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/training-options/${name}`, import.meta.url));
const golden = JSON.parse(readFileSync(fixture('lora.json'), 'utf8')) as Golden;
const tensors = readSafetensors(fixture('lora.safetensors'));
const { batch, tokens, targets, rank, alpha } = golden;
const llm: LlmConfig = { ...golden, maxPositions: 64 };
const lora: LoraConfig = { targets, rank, alpha };
const shapes = loraShapes(llm, lora);
const keys = Object.keys(shapes);
/** PEFT's tensors of one kind under our keys. */
const factors = (kind: 'initial' | 'gradient' | 'final'): Record<string, NamedTensor> =>
  Object.fromEntries(keys.map((key) => [key, tensors[`${kind}.${peftKey(key)}`]!]));
const base = (key: string): NamedTensor => tensors[`base.${key.slice('llm.'.length)}`]!;

const frozen = llmShapes(llm);
const sharded = createShardedStep(await startEngine(), {
  trainable: shapes,
  frozen,
  numShards: 2,
  blockSizes: [2],
  steps: {
    next: {
      inputs: {
        ids: { shape: [batch, tokens], dtype: 'int32' },
        targets: { shape: [batch, tokens - 1], dtype: 'int32' },
      },
      loss: (plain: Parameters, { ids, targets }) => {
        const parameters = withLora(plain, lora);
        const logits = logitsOf(parameters, llm, llamaHidden(parameters, llm, embedTokens(parameters, ids!)));
        const numTargets = batch * (tokens - 1);
        const seen = logits.slice([0, 0, 0], [batch, tokens - 1, llm.vocabSize]).reshape([numTargets, llm.vocabSize]);
        const weights = seen
          .slice([0, 0], [numTargets, 1])
          .flatten()
          .mul(0)
          .add(1 / numTargets);
        return tokenCrossEntropy(seen, targets!.flatten(), weights).sum();
      },
    },
  },
});
afterAll(() => sharded.dispose());
const ids = Int32Array.from(golden.ids);
const inputs: Record<string, Values> = { ids, targets: ids.filter((_, i) => i % tokens !== 0) };
const start = () =>
  sharded.setWeights({
    ...Object.fromEntries(Object.keys(frozen).map((key) => [key, base(key)])),
    ...factors('initial'),
  });
const worst = (got: ArrayLike<number>, expected: Float32Array): number =>
  expected.reduce((most, value, i) => Math.max(most, Math.abs(value - got[i]!)), 0);

describe('low-rank adaptation', () => {
  it('has the loss and the gradients PEFT has', () => {
    start();
    const { loss, gradient } = sharded.gradient('next', inputs);
    expect(loss).toBeCloseTo(golden.losses[0]!, 5);
    let offset = 0;
    for (const [key, { values }] of Object.entries(factors('gradient'))) {
      expect(values.some((g) => Math.abs(g) > 1e-3)).toBe(true);
      expect(worst(gradient.subarray(offset, (offset += values.length)), values), key).toBeLessThan(1e-5);
    }
    expect(offset).toBe(gradient.length);
  });

  it('trains the factors alone, as PEFT does', () => {
    start();
    golden.losses.forEach((loss, step) =>
      expect(sharded.run('next', inputs, { step, learningRate: golden.learningRate })).toBeCloseTo(loss, 4),
    );
    const trained = sharded.weights();
    for (const [key, { values }] of Object.entries(factors('final')))
      expect(worst(trained[key]!.values, values), key).toBeLessThan(1e-4);
    const key = 'llm.model.layers.0.self_attn.q_proj.weight';
    expect(sharded.program.read(`frozen/${key}`)).toEqual(base(key).values);
  });

  it('merges into the weights PEFT merges into', () => {
    let changed = 0;
    for (const key of Object.keys(frozen)) {
      const merged = mergeLora(key, base(key), factors('final'), lora);
      expect(worst(merged.values, tensors[`merged.${key.slice('llm.'.length)}`]!.values), key).toBeLessThan(1e-6);
      if (worst(merged.values, base(key).values) > 0.01) changed++;
    }
    expect(changed).toBe(keys.length / 2);
    expect(() => mergeLora('llm.model.layers.0.mlp.gate_proj.weight', base('llm.lm_head.weight'), {}, lora)).toThrow(
      'adapter: llm.model.layers.0.mlp.gate_proj.lora_A.weight is missing',
    );
  });

  it('begins as the model without factors', () => {
    const initial = initialLora(shapes, 3);
    expect(initialLora(shapes, 3)).toEqual(initial);
    const bound = 1 / Math.sqrt(llm.hiddenSize);
    const a = initial['llm.model.layers.1.self_attn.v_proj.lora_A.weight']!;
    expect(a.shape).toEqual([rank, llm.hiddenSize]);
    expect(new Set(a.values).size).toBeGreaterThan(rank * llm.hiddenSize * 0.9);
    expect(a.values.every((x) => Math.abs(x) <= bound)).toBe(true);
    for (const key of Object.keys(frozen))
      expect(mergeLora(key, base(key), initial, lora).values).toEqual(base(key).values);
  });

  it('is saved under the names PEFT loads', () => {
    const dir = mkdtempSync(join(tmpdir(), 'calm-orch-lora-'));
    try {
      writeAdapter(dir, factors('final'), lora);
      const saved = readSafetensors(join(dir, 'adapter_model.safetensors'));
      const theirs = Object.keys(tensors).flatMap((key) =>
        key.startsWith('final.') ? [key.slice('final.'.length)] : [],
      );
      expect(Object.keys(saved)).toEqual(theirs.sort());
      const config = JSON.parse(readFileSync(join(dir, 'adapter_config.json'), 'utf8')) as Record<string, unknown>;
      expect(config).toMatchObject({ peft_type: 'LORA', r: rank, lora_alpha: alpha, target_modules: targets });
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
