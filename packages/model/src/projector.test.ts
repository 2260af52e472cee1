// LLaVA-1.5's two-layer projection beside PyTorch's (fixtures/projector), forward and backward.
import { readFileSync } from 'node:fs';
import { createProgram, startEngine } from '@calm-orch/engine';
import { expect, it } from 'vitest';
import { thematicTokens } from './calm/mfam.ts';
import { frozenParameters } from './layers/parameter.ts';
import { createShardedStep } from './training/sharded-step.ts';
import { unflatten, type Shapes, type Weights } from './training/shard-gradients.ts';

interface Rows {
  readonly shape: number[];
  readonly data: number[];
}
interface Golden {
  readonly weights: Readonly<Record<string, Rows>>;
  readonly states: Rows;
  readonly pull: Rows;
  readonly tokens: Rows;
  readonly gradients: Readonly<Record<string, Rows>>;
}
const golden = JSON.parse(
  readFileSync(new URL('../fixtures/projector/golden.json', import.meta.url), 'utf8'),
) as Golden;
const shapes: Shapes = Object.fromEntries(Object.entries(golden.weights).map(([key, { shape }]) => [key, shape]));
const weights: Weights = Object.fromEntries(
  Object.entries(golden.weights).map(([key, { shape, data }]) => [key, { shape, values: Float32Array.from(data) }]),
);
const spec = ({ shape }: Rows) => ({ shape, dtype: 'float32' as const });
const projector = { projector: 'mlp2x_gelu' } as const;
const difference = (got: Float32Array, { data }: Rows): number =>
  Math.max(Math.abs(got.length - data.length), ...data.map((x, i) => Math.abs(got[i]! - x)));
const engine = await startEngine();

it('gives the tokens of nn.Sequential(Linear, GELU, Linear), without the CLS token', () => {
  const program = createProgram(engine, {
    variables: shapes,
    functions: {
      project: {
        inputs: { states: spec(golden.states) },
        body: (variables, { states }) => ({
          outputs: { tokens: thematicTokens(frozenParameters(variables), projector, states!) },
        }),
      },
    },
  });
  for (const [key, { values }] of Object.entries(weights)) program.assign(key, values);
  const { tokens } = program.run('project', { states: Float32Array.from(golden.states.data) });
  program.dispose();
  expect(difference(tokens!, golden.tokens)).toBeLessThan(1e-5);
});

it('gives its gradients', () => {
  const training = createShardedStep(engine, {
    trainable: shapes,
    frozen: {},
    numShards: 2,
    blockSizes: [2],
    steps: {
      all: {
        inputs: { states: spec(golden.states), pull: spec(golden.pull) },
        loss: (parameters, { states, pull }) => thematicTokens(parameters, projector, states!).mul(pull!).sum(),
      },
    },
  });
  training.setWeights(weights);
  const inputs = {
    states: Float32Array.from(golden.states.data),
    pull: Float32Array.from(golden.pull.data),
  };
  const gradients = unflatten(training.gradient('all', inputs).gradient, shapes);
  training.dispose();
  expect(Object.keys(gradients)).toEqual(Object.keys(golden.gradients));
  for (const [key, rows] of Object.entries(golden.gradients))
    expect(difference(gradients[key]!.values, rows), key).toBeLessThan(2e-5);
});
