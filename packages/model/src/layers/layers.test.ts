// Hand-written gradients against automatic differentiation of the plain formula, per shard: a parameter's gradient has
// one part per shard, each what the formula gives for the samples of that shard alone.
import type { Tensor } from '@tensorflow/tfjs-core';
import { createProgram, startEngine, tf } from '@calm-orch/engine';
import { rng } from '@calm-orch/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attention } from './attention.ts';
import {
  activations,
  addConstant,
  addParameter,
  crossEntropy,
  embedding,
  gelu,
  layerNorm,
  linear,
  linears,
  maskGradient,
  mulConstant,
  perSample,
  quickGelu,
  rmsNorm,
  softmax,
  stopGradient,
  swiglu,
} from './layers.ts';
import { tilePerShard, type Parameter } from './parameter.ts';

const engine = await startEngine();
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

const batch = 4;
const numShards = 2;
const random = (name: string, ...shape: number[]): Tensor => {
  const draw = rng('layers', name);
  return tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draw.normal()),
    shape,
  );
};
const sumOf = (y: Tensor, weights: Tensor): Tensor => y.mul(weights).sum();

function expectClose(got: Tensor, expected: Tensor, what: string): void {
  expect(got.shape, what).toEqual(expected.shape);
  const [a, b] = [got.dataSync(), expected.dataSync()];
  for (let i = 0; i < b.length; i++)
    expect(Math.abs(a[i]! - b[i]!), `${what}[${i}]: ${a[i]} for ${b[i]}`).toBeLessThan(2e-4 * (1 + Math.abs(b[i]!)));
}

/** The same tensors, computed op by op or as a compiled graph, where layers are single operations if the engine has them. */
type Execute = (inputs: Tensor[], f: (inputs: Tensor[]) => Tensor[]) => Tensor[];
const executions: Record<string, Execute> = {
  eager: (inputs, f) => f(inputs),
  compiled: (inputs, f) => {
    const shapes: number[][] = [];
    const program = createProgram(engine, {
      variables: {},
      functions: {
        f: {
          inputs: Object.fromEntries(inputs.map(({ shape }, i) => [`x${i}`, { shape, dtype: 'float32' as const }])),
          body: (_, tensors) => {
            const results = f(inputs.map((__, i) => tensors[`x${i}`]!));
            shapes.push(...results.map(({ shape }) => shape));
            return { outputs: Object.fromEntries(results.map((result, i) => [`y${i}`, result])) };
          },
        },
      },
    });
    const values = program.run(
      'f',
      Object.fromEntries(inputs.map((input, i) => [`x${i}`, input.dataSync() as Float32Array])),
    );
    program.dispose();
    return shapes.map((shape, i) => tf.tensor(values[`y${i}`]!, shape));
  },
};

/** Value and gradients of a layer with inputs [batch, ...] and parameters, against those of a formula. */
function expectGradients(
  layer: (inputs: Tensor[], parameters: Parameter[], shards: number) => Tensor,
  formula: (inputs: Tensor[], parameters: Tensor[]) => Tensor,
  inputs: Tensor[],
  parameters: Tensor[] = [],
): void {
  const frozen = (tensors: Tensor[]) => tensors.map((base) => ({ base }));
  const expected = formula(inputs, parameters);
  const weights = random('weights', ...expected.shape);
  const shardOf = (x: Tensor, shard: number): Tensor => {
    const rows = x.shape[0] / numShards;
    return x.slice([shard * rows, ...x.shape.slice(1).map(() => 0)], [rows, ...x.shape.slice(1)]);
  };
  for (const [form, execute] of Object.entries(executions)) {
    const all = execute([...inputs, ...parameters], (given) => {
      const [own, bases] = [given.slice(0, inputs.length), given.slice(inputs.length)];
      const tiles = bases.map((base) => tilePerShard(base, numShards));
      const ours = tf.grads((...args) =>
        sumOf(
          layer(
            args.slice(0, inputs.length),
            bases.map((base, i) => ({ base, perShard: args[inputs.length + i]! })),
            numShards,
          ),
          weights,
        ),
      )([...own, ...tiles]);
      const alone = own.map((input, i) =>
        tf.grad((x) => sumOf(layer(own.with(i, x), frozen(bases), numShards), weights))(input),
      );
      return [layer(own, frozen(bases), numShards), ...ours, ...alone];
    });
    const ours = all.slice(1, 1 + inputs.length + parameters.length);
    const alone = all.slice(1 + ours.length);
    expectClose(all[0]!, expected, `${form}: value`);
    inputs.forEach((input, i) => {
      const f = (x: Tensor) => sumOf(formula(inputs.with(i, x), parameters), weights);
      const gradient = tf.grad(f)(input);
      expectClose(ours[i]!, gradient, `${form}: gradient of input ${i}`);
      expectClose(alone[i]!, gradient, `${form}: gradient of input ${i}, parameters frozen`);
    });
    parameters.forEach((parameter, i) => {
      for (let shard = 0; shard < numShards; shard++) {
        const own = inputs.map((input) => shardOf(input, shard));
        const f = (p: Tensor) => sumOf(formula(own, parameters.with(i, p)), shardOf(weights, shard));
        const part = ours[inputs.length + i]!.slice([shard, ...parameter.shape.map(() => 0)], [1, ...parameter.shape]);
        const what = `${form}: gradient of parameter ${i}, shard ${shard}`;
        expectClose(part.reshape(parameter.shape), tf.grad(f)(parameter), what);
      }
    });
  }
}

const matVec = (x: Tensor, w: Tensor): Tensor =>
  tf.matMul(x.reshape([-1, w.shape[1]!]), w.transpose()).reshape([...x.shape.slice(0, -1), w.shape[0]]);

describe('the gradients of a layer are those of its formula:', () => {
  it('linear, with and without bias', () => {
    const [x, w, b] = [random('x', batch, 3, 5), random('w', 7, 5), random('b', 7)];
    expectGradients(
      ([x], [w, b], shards) => linear(x!, w!, b, shards),
      ([x], [w, b]) => matVec(x!, w!).add(b!),
      [x],
      [w, b],
    );
    expectGradients(
      ([x], [w], shards) => linear(x!, w!, undefined, shards),
      ([x], [w]) => matVec(x!, w!),
      [x],
      [w],
    );
  });

  it('several linear maps at once, of different widths', () => {
    expectGradients(
      ([x], [w1, w2, b1, b2], shards) => tf.concat(linears(x!, [w1!, w2!], [b1!, b2!], shards), -1),
      ([x], [w1, w2, b1, b2]) => tf.concat([matVec(x!, w1!).add(b1!), matVec(x!, w2!).add(b2!)], -1),
      [random('x', batch, 3, 5)],
      [random('w1', 4, 5), random('w2', 2, 5), random('b1', 4), random('b2', 2)],
    );
  });

  it('several linear maps of which some are frozen', () => {
    const [x, w1, w2] = [random('x', batch, 5), random('w1', 4, 5), random('w2', 3, 5)];
    expectGradients(
      ([x], [trained], shards) => tf.concat(linears(x!, [{ base: w1 }, trained!], [], shards), -1),
      ([x], [trained]) => tf.concat([matVec(x!, w1), matVec(x!, trained!)], -1),
      [x],
      [w2],
    );
  });

  it('layerNorm', () => {
    expectGradients(
      ([x], [gain, bias], shards) => layerNorm(x!, gain!, bias!, 1e-5, shards),
      ([x], [gain, bias]) => {
        const { mean, variance } = tf.moments(x!, -1, true);
        return x!.sub(mean).div(variance.add(1e-5).sqrt()).mul(gain!).add(bias!);
      },
      [random('x', batch, 3, 6)],
      [random('gain', 6), random('bias', 6)],
    );
  });

  it('rmsNorm', () => {
    expectGradients(
      ([x], [gain], shards) => rmsNorm(x!, gain!, 1e-6, shards),
      ([x], [gain]) => x!.div(x!.square().mean(-1, true).add(1e-6).sqrt()).mul(gain!),
      [random('x', batch, 3, 6)],
      [random('gain', 6)],
    );
  });

  it('embedding, with ids repeated within and between shards', () => {
    const ids = tf.tensor2d([0, 2, 2, 4, 0, 0, 1, 4, 4, 4, 4, 2], [batch, 3], 'int32');
    const [table, weights] = [random('table', 6, 2), random('weights', batch, 3, 2)];
    expectClose(embedding(ids, { base: table }, numShards), tf.gather(table, ids), 'value');
    const ours = tf.grad((perShard) => sumOf(embedding(ids, { base: table, perShard }, numShards), weights))(
      tilePerShard(table, numShards),
    );
    for (let shard = 0; shard < numShards; shard++) {
      const [own, rows] = [weights, ids].map((t) => t.slice([shard * 2], [2]));
      const expected = tf.grad((t) => sumOf(tf.gather(t, rows as typeof ids), own!))(table);
      expectClose(ours.slice([shard], [1]).reshape([6, 2]), expected, `shard ${shard}`);
    }
  });

  it('a parameter given to every sample, and one added to every sample', () => {
    const [x, queries, position] = [random('x', batch, 3, 2), random('queries', 1, 3, 2), random('position', 3, 2)];
    expectGradients(
      ([x], [queries], shards) => perSample(queries!, x!.shape[0], shards).mul(x!),
      ([x], [queries]) => queries!.mul(x!),
      [x],
      [queries],
    );
    expectGradients(
      ([x], [position], shards) => addParameter(x!, position!, shards),
      ([x], [position]) => x!.add(position!),
      [x],
      [position],
    );
  });

  it('gelu, quickGelu and swiglu', () => {
    const x = random('x', batch, 3, 6).mul(2);
    expectGradients(
      ([x]) => gelu(x!),
      ([x]) => x!.mul(tf.erf(x!.div(Math.SQRT2)).add(1)).div(2),
      [x],
    );
    expectGradients(
      ([x]) => quickGelu(x!),
      ([x]) => x!.div(x!.mul(-1.702).exp().add(1)),
      [x],
    );
    expectGradients(
      ([gate, up]) => swiglu(gate!, up!),
      ([gate, up]) => gate!.div(gate!.neg().exp().add(1)).mul(up!),
      [x, random('up', batch, 3, 6)],
    );
    expect(activations).toEqual({ gelu, quick_gelu: quickGelu });
  });

  it('softmax', () => {
    expectGradients(
      ([x]) => softmax(x!),
      ([x]) => x!.exp().div(x!.exp().sum(-1, true)),
      [random('x', batch, 3, 5)],
    );
  });

  it('addition of and multiplication by a constant', () => {
    const [x, c] = [random('x', batch, 3, 5), random('c', 3, 5)];
    expectGradients(
      ([x]) => mulConstant(addConstant(x!, c), c),
      ([x]) => x!.add(c).mul(c),
      [x],
    );
  });

  it('crossEntropy, weighted', () => {
    const targets = tf.tensor1d([0, 6, 3, 3], 'int32');
    const weights = tf.tensor1d([0.5, 0, 0.25, 2]);
    expectGradients(
      ([x]) => crossEntropy(x!, targets, weights).reshape([1]),
      ([x]) => {
        const probability = x!.exp().div(x!.exp().sum(-1, true)).mul(tf.oneHot(targets, 7)).sum(-1);
        return probability.log().mul(weights).sum().neg().reshape([1]);
      },
      [random('logits', batch, 7)],
    );
  });
});

/** Attention head by head, as it is written down; key and value heads serve `group` query heads each. */
function plainAttention(q: Tensor, k: Tensor, v: Tensor, numHeads: number, group: number, mask?: Tensor): Tensor {
  const size = q.shape[2]! / numHeads;
  const head = (x: Tensor, h: number): Tensor => x.slice([0, 0, h * size], [x.shape[0], x.shape[1]!, size]);
  const of = (h: number): Tensor => {
    const other = Math.floor(h / group);
    const scores = tf.matMul(head(q, h), head(k, other).transpose([0, 2, 1])).div(Math.sqrt(size));
    const shown = mask === undefined ? scores : scores.add(mask);
    const weights = shown.exp().div(shown.exp().sum(-1, true));
    return tf.matMul(weights, head(v, other));
  };
  return tf.concat(
    Array.from({ length: numHeads }, (_, h) => of(h)),
    -1,
  );
}

describe('attention', () => {
  it('is that of its heads, queries and keys of different numbers', () => {
    expectGradients(
      ([q, k, v]) => attention(q!, k!, v!, 2),
      ([q, k, v]) => plainAttention(q!, k!, v!, 2, 1),
      [random('q', batch, 3, 8), random('k', batch, 5, 8), random('v', batch, 5, 8)],
    );
  });

  it('lets groups of query heads share keys and values, and queries see no later keys', () => {
    const mask = tf.tensor2d([0, 0, -1e9, -1e9, 0, 0, 0, -1e9, 0, 0, 0, 0], [3, 4]);
    expectGradients(
      ([q, k, v]) => attention(q!, k!, v!, 4, { numKeyValueHeads: 2, causal: true }),
      ([q, k, v]) => plainAttention(q!, k!, v!, 4, 2, mask),
      [random('q', batch, 3, 8), random('k', batch, 4, 4), random('v', batch, 4, 4)],
    );
  });

  it('turns queries and keys by their positions before they meet; queries stand last', () => {
    const [cos, sin] = [random('cos', 4, 4), random('sin', 4, 4)];
    const half = (x: Tensor): Tensor =>
      tf.concat([x.slice([0, 0, 2], [-1, -1, 2]), x.slice([0, 0, 0], [-1, -1, 2])], 2);
    const head = (x: Tensor, from: number): Tensor =>
      x.mul(cos.slice([from, 0])).add(half(x).mul(sin.slice([from, 0])));
    const turned = (x: Tensor, from: number): Tensor =>
      tf.concat([head(x.slice([0, 0, 0], [-1, -1, 4]), from), head(x.slice([0, 0, 4], [-1, -1, 4]), from)], 2);
    expectGradients(
      ([q, k, v]) => attention(q!, k!, v!, 2, { rotary: { cos, sin } }),
      ([q, k, v]) => plainAttention(turned(q!, 1), turned(k!, 0), v!, 2, 1),
      [random('q', batch, 3, 8), random('k', batch, 4, 8), random('v', batch, 4, 8)],
    );
  });
});

describe('a gradient', () => {
  it('passes a mask only for the samples it allows; the value passes for all', () => {
    const [x, weights] = [random('x', batch, 3, 2), random('weights', batch, 3, 2)];
    const mask = tf.tensor3d([1, 0, 0, 1], [batch, 1, 1]);
    expectClose(maskGradient(x, mask), x, 'value');
    const gradient = tf.grad((y) => sumOf(maskGradient(y, mask), weights))(x);
    expectClose(gradient, weights.mul(mask), 'gradient');
    expect(gradient.slice([1], [2]).abs().max().dataSync()[0]).toBe(0);
  });

  it('ends at stopGradient', () => {
    const x = random('x', 3);
    expectClose(tf.grad((y) => stopGradient(y).mul(y).sum())(x), x, 'gradient of the other factor');
  });
});
