// The control in place of the Q-Formers beside its formula, differentiated automatically, and beside their size.
import type { Tensor } from '@tensorflow/tfjs-core';
import { nano, paper, rng } from '@calm-orch/core';
import { createProgram, startEngine, tf, type Tensors } from '@calm-orch/engine';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parameterCounts } from '../costs/costs.ts';
import { initialWeights } from '../layers/initialize.ts';
import { frozenParameters } from '../layers/parameter.ts';
import { createShardedStep } from '../training/sharded-step.ts';
import { unflatten } from '../training/shard-gradients.ts';
import { pooledShapes, pooledTokens } from './pooling.ts';

const engine = await startEngine();
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

const [batch, tokens, width, language] = [4, 5, 8, 16];
const shapes = pooledShapes({ queries: 3, seesCls: true }, 'low', { tokens, width }, { hiddenSize: language }, 400);
const weights = initialWeights(shapes, 0, () => 0.5);
const draw = rng('pooling');
const values = (size: number) => Float32Array.from({ length: size }, () => draw.normal());
const [states, pull] = [values(batch * tokens * width), values(batch * 3 * language)];
const spec = (...shape: number[]) => ({ shape, dtype: 'float32' as const });
const tensors = (): Tensors =>
  Object.fromEntries(Object.entries(weights).map(([key, { shape, values: v }]) => [key, tf.tensor(v, [...shape])]));
const tensorOf = (v: Float32Array, size: number) => tf.tensor3d(v, [batch, v.length / batch / size, size]);

/** (softmax(M) GELU(states W1' + b1)) W2' + b2, photograph by photograph. */
function formula(w: Tensors) {
  const of = (key: string) => w[`mfam.low.${key}`]!;
  const dense = (x: Tensor, key: string) => tf.matMul(x, of(`${key}.weight`), false, true).add(of(`${key}.bias`));
  const made = tensorOf(states, width)
    .unstack()
    .map((state) => {
      const wide = dense(state, 'projection.0');
      const gelu = wide.mul(tf.erf(wide.div(Math.SQRT2)).add(1)).div(2);
      return dense(tf.matMul(of('pooling').softmax().squeeze([0]), gelu), 'projection.2');
    });
  return tf.stack(made);
}
const difference = (a: Float32Array, b: ArrayLike<number>): number =>
  Math.max(Math.abs(a.length - b.length), ...a.map((x, i) => Math.abs(x - b[i]!)));

it('gives learned sums over positions, of each of which two layers with a GELU between are taken', () => {
  const program = createProgram(engine, {
    variables: shapes,
    functions: {
      read: {
        inputs: { states: spec(batch, tokens, width) },
        body: (variables, inputs) => ({
          outputs: { made: pooledTokens(frozenParameters(variables), 'low', inputs.states!) },
        }),
      },
    },
  });
  for (const [key, { values: v }] of Object.entries(weights)) program.assign(key, v);
  const { made } = program.run('read', { states });
  program.dispose();
  expect(difference(made!, formula(tensors()).dataSync())).toBeLessThan(1e-5);
});

it('gives its gradients', () => {
  const training = createShardedStep(engine, {
    trainable: shapes,
    frozen: {},
    numShards: 2,
    blockSizes: [2],
    steps: {
      all: {
        inputs: { states: spec(batch, tokens, width), pull: spec(batch, 3, language) },
        loss: (parameters, inputs) => pooledTokens(parameters, 'low', inputs.states!).mul(inputs.pull!).sum(),
      },
    },
  });
  training.setWeights(weights);
  const gradients = unflatten(training.gradient('all', { states, pull }).gradient, shapes);
  training.dispose();
  const keys = Object.keys(shapes);
  const expected = tf.grads((...all) =>
    formula(Object.fromEntries(keys.map((key, i) => [key, all[i]!])))
      .mul(tensorOf(pull, language))
      .sum(),
  )(keys.map((key) => tensors()[key]!));
  keys.forEach((key, i) => expect(difference(gradients[key]!.values, expected[i]!.dataSync()), key).toBeLessThan(1e-4));
});

it.each(Object.entries({ nano, paper }))('has as many weights as a Q-Former but for 1 %, preset %s', (_, preset) => {
  const weightsOf = (resampler: 'qformer' | 'pooling') =>
    parameterCounts({ ...preset, mfam: { ...preset.mfam, levels: ['low'], resampler } }).mfam;
  expect(Math.abs(weightsOf('pooling') / weightsOf('qformer') - 1)).toBeLessThan(0.01);
});
