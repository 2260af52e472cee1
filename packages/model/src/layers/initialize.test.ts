import { describe, expect, it } from 'vitest';
import { fanInDeviation, initialWeights } from './initialize.ts';

const shapes = {
  'mfam.low.query_tokens': [1, 50, 40],
  'llm.model.layers.0.input_layernorm.weight': [4],
  'llm.model.norm.weight': [4],
  'mfam.low.qformer.layernorm.weight': [4],
  'mfam.low.qformer.encoder.layer.0.attention.output.LayerNorm.weight': [4],
  'vision.vision_model.pre_layrnorm.weight': [4],
  'vision.vision_model.encoder.layers.0.layer_norm1.weight': [4],
  'mfam.low.projection.bias': [3],
  'mfam.low.projection.weight': [30, 100],
  'llm.model.embed_tokens.weight': [60, 50],
};
const deviationOf = (values: Float32Array): number =>
  Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);

describe('initial weights', () => {
  it('are a function of seed and key alone', () => {
    const all = initialWeights(shapes, 3);
    for (const [key, shape] of Object.entries(shapes))
      expect(initialWeights({ [key]: shape }, 3)[key]).toEqual(all[key]);
    const turned = initialWeights(Object.fromEntries(Object.entries(shapes).reverse()), 3);
    expect(turned).toEqual(all);
    const key = 'mfam.low.projection.weight';
    expect(initialWeights(shapes, 4)[key]).not.toEqual(all[key]);
    const other = initialWeights({ 'mfam.high.projection.weight': shapes[key] }, 3)['mfam.high.projection.weight'];
    expect(other!.values).not.toEqual(all[key]!.values);
  });

  it('are ones for gains, zeros for biases and normal for the rest', () => {
    for (const [key, { shape, values }] of Object.entries(initialWeights(shapes, 0))) {
      expect(shape).toEqual(shapes[key as keyof typeof shapes]);
      expect(values).toHaveLength(shape.reduce((a, b) => a * b, 1));
      if (/norm\d?\.weight$/i.test(key)) expect([...values]).toEqual([1, 1, 1, 1]);
      else if (key.endsWith('bias')) expect([...values]).toEqual([0, 0, 0]);
      else expect(deviationOf(values)).toBeCloseTo(0.02, 3);
    }
  });

  it('shrink with the number of inputs where they are asked to', () => {
    const weights = initialWeights(shapes, 0, fanInDeviation);
    expect(deviationOf(weights['mfam.low.projection.weight']!.values)).toBeCloseTo(0.1, 2);
    expect(deviationOf(weights['mfam.low.query_tokens']!.values)).toBeCloseTo(0.3, 1);
    expect(deviationOf(weights['llm.model.embed_tokens.weight']!.values)).toBeCloseTo(0.1, 2);
    expect(fanInDeviation('vision.vision_model.embeddings.patch_embedding.weight', [8, 3, 4, 4])).toBe(0.1);
    expect(fanInDeviation('mfam.thematic.weight', [8, 16])).toBe(0.25);
  });
});
