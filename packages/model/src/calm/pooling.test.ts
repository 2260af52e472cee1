// The control in place of the Q-Formers beside its formula, differentiated automatically, and beside their size.
import type { Tensor } from '@tensorflow/tfjs-core';
import { nano, paper, rng } from '@calm-orch/core';
import { startEngine, tf, type Tensors } from '@calm-orch/engine';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parameterCounts } from '../costs/costs.ts';
import { initialWeights } from '../layers/initialize.ts';
import { pooledShapes, pooledTokens } from './pooling.ts';
import { difference, gradientsOf, tokensOf, type Numbers, type TokensOf } from './tokens.test-util.ts';

const engine = await startEngine();
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

const [batch, tokens, width, language] = [4, 5, 8, 16];
const shapes = pooledShapes({ queries: 3, seesCls: true }, 'low', { tokens, width }, { hiddenSize: language }, 400);
const weights = initialWeights(shapes, 0, () => 0.5);
const draw = rng('pooling');
const numbers = (...shape: [number, number, number]) => ({
  shape,
  values: Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, () => draw.normal()),
});
const [states, pull] = [numbers(batch, tokens, width), numbers(batch, 3, language)];
const pooled: TokensOf = (parameters, states) => pooledTokens(parameters, 'low', states);
const tensorOf = ({ shape, values }: Numbers) => tf.tensor(values, [...shape]);
const tensors = (): Tensors => Object.fromEntries(Object.entries(weights).map(([key, w]) => [key, tensorOf(w)]));

/** (softmax(M) GELU(states W1' + b1)) W2' + b2, photograph by photograph. */
function formula(w: Tensors) {
  const of = (key: string) => w[`mfam.low.${key}`]!;
  const dense = (x: Tensor, key: string) => tf.matMul(x, of(`${key}.weight`), false, true).add(of(`${key}.bias`));
  const made = tensorOf(states)
    .unstack()
    .map((state) => {
      const wide = dense(state, 'projection.0');
      const gelu = wide.mul(tf.erf(wide.div(Math.SQRT2)).add(1)).div(2);
      return dense(tf.matMul(of('pooling').softmax().squeeze([0]), gelu), 'projection.2');
    });
  return tf.stack(made);
}

it('gives learned sums over positions, of each of which two layers with a GELU between are taken', () => {
  expect(difference(tokensOf(engine, weights, states, pooled), formula(tensors()).dataSync())).toBeLessThan(1e-5);
});

it('gives its gradients', () => {
  const gradients = gradientsOf(engine, weights, states, pull, pooled);
  const keys = Object.keys(shapes);
  const expected = tf.grads((...all) =>
    formula(Object.fromEntries(keys.map((key, i) => [key, all[i]!])))
      .mul(tensorOf(pull))
      .sum(),
  )(keys.map((key) => tensors()[key]!));
  keys.forEach((key, i) => expect(difference(gradients[key]!.values, expected[i]!.dataSync()), key).toBeLessThan(1e-4));
});

it.each(Object.entries({ nano, paper }))('has as many weights as a Q-Former but for 1 %, preset %s', (_, preset) => {
  const weightsOf = (resampler: 'qformer' | 'pooling') =>
    parameterCounts({ ...preset, mfam: { ...preset.mfam, levels: ['low'], resampler } }).mfam;
  expect(Math.abs(weightsOf('pooling') / weightsOf('qformer') - 1)).toBeLessThan(0.01);
});
