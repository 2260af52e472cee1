// Prints a hash of what the fused layers and their gradients give, on sizes that fill no register and no tile.
import { createHash } from 'node:crypto';
import { rng } from '@calm-orch/core';
import { createProgram, startEngine, tf } from '@calm-orch/engine';
import type { Tensor } from '@tensorflow/tfjs-core';
import { attention } from './attention.ts';
import { gelu, layerNorm, linears, quickGelu, rmsNorm, swiglu, tokenCrossEntropy } from './layers.ts';
import { tilePerShard, type Parameter } from './parameter.ts';

const [numShards, batch, tokens, width] = [2, 6, 37, 44];
const shapes: Record<string, number[]> = {
  x: [batch, tokens, width],
  ...Object.fromEntries(['q', 'k', 'v', 'up'].map((name) => [name, [width, width]])),
  gain: [width],
  bias: [width],
  out: [101, width],
};
const values = Object.fromEntries(
  Object.entries(shapes).map(([name, shape]) => {
    const random = rng('fused', name);
    return [name, Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.3 * random.normal())];
  }),
);

function loss(x: Tensor, p: Record<string, Parameter>): Tensor {
  const [q, k, v] = linears(x, [p.q!, p.k!, p.v!], [p.bias!, p.bias!, p.bias!], numShards) as [Tensor, Tensor, Tensor];
  const tables = ['cos', 'sin'].map((name) => {
    const random = rng('fused', name);
    return tf.tensor2d(
      Float32Array.from({ length: tokens * 11 }, () => random.normal()),
      [tokens, 11],
    );
  });
  const turned = attention(q.slice([0, 30, 0], [batch, 7, width]), k, v, 2, { causal: true });
  const seen = attention(q, k, v, 4, { rotary: { cos: tables[0]!, sin: tables[1]! } });
  const normal = layerNorm(x.add(seen), p.gain!, p.bias!, 1e-5, numShards);
  const [up] = linears(rmsNorm(normal, p.gain!, 1e-6, numShards), [p.up!], [], numShards) as [Tensor];
  const inner = swiglu(gelu(up), quickGelu(normal)).slice([0, 30, 0], [batch, 7, width]).add(turned);
  const [logits] = linears(inner, [p.out!], [], numShards) as [Tensor];
  const targets = tf.range(0, batch * 7, 1, 'int32');
  return tokenCrossEntropy(logits.reshape([batch * 7, 101]), targets, tf.onesLike(targets).toFloat());
}

const engine = await startEngine();
const names = Object.keys(shapes).slice(1);
const program = createProgram(engine, {
  variables: {},
  functions: {
    f: {
      inputs: Object.fromEntries(
        Object.entries(shapes).map(([key, shape]) => [key, { shape, dtype: 'float32' as const }]),
      ),
      body: (_, inputs) => {
        const tiles = names.map((name) => tilePerShard(inputs[name]!, numShards));
        const gradients = tf.grads((x, ...perShard) => {
          const parameters = names.map((name, i) => [name, { base: inputs[name]!, perShard: perShard[i]! }] as const);
          return loss(x, Object.fromEntries(parameters));
        })([inputs.x!, ...tiles]);
        return { outputs: Object.fromEntries(gradients.map((gradient, i) => [`g${i}`, gradient])) };
      },
    },
  },
});
const hash = createHash('sha256');
for (const result of Object.values(program.run('f', values))) hash.update(new Uint8Array(result.buffer));
console.log(hash.digest('hex'));
process.exit(0);
