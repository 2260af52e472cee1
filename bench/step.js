// One CALM training step of the sizes in a configuration file, measured three ways: eager (op by op), compiled (one
// graph, whole batch) and training (the product's step: stepShards gradients, fixed-order sum, update).
import { startEngine } from '@calm-orch/engine';
import { answerLogits, answerLoss, createShardedStep, mfamTokens } from '@calm-orch/model';
import { rng } from '@calm-orch/core';
import { modelOf } from './model.js';

const stepShards = 8;

const product = (shape) => shape.reduce((a, b) => a * b, 1);

function initialWeights(shapes) {
  const random = rng('bench', 'weights');
  return Object.fromEntries(
    Object.entries(shapes).map(([key, shape]) => {
      const gain = /norm.*weight$/i.test(key);
      const scale = key.endsWith('bias') ? 0 : 0.05;
      return [
        key,
        { shape, values: Float32Array.from({ length: product(shape) }, () => (gain ? 1 : scale * random.normal())) },
      ];
    }),
  );
}

function inputsOf(c) {
  const random = rng('bench', 'inputs');
  const visual = () => Float32Array.from({ length: c.batch * c.visionTokens * c.visionWidth }, () => random.normal());
  const ids = (n) => Int32Array.from({ length: c.batch * n }, () => random.int(c.vocab));
  const high = visual();
  return {
    spec: {
      ...Object.fromEntries(
        ['low', 'middle', 'high'].map((k) => [
          k,
          { shape: [c.batch, c.visionTokens, c.visionWidth], dtype: 'float32' },
        ]),
      ),
      ...Object.fromEntries(['prefix', 'suffix', 'answer'].map((k) => [k, { shape: [c.batch, c[k]], dtype: 'int32' }])),
      weights: { shape: [c.batch, c.answer], dtype: 'float32' },
    },
    values: {
      low: visual(),
      middle: visual(),
      high,
      prefix: ids(c.prefix),
      suffix: ids(c.suffix),
      answer: ids(c.answer),
      weights: new Float32Array(c.batch * c.answer).fill(1 / (c.batch * c.answer)),
    },
  };
}

function summary(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const round = (x) => Math.round(x * 10) / 10;
  return { min: round(sorted[0]), median: round(sorted[sorted.length >> 1]), max: round(sorted[sorted.length - 1]) };
}

/**
 * @param {object} c sizes, see bench/nano.json
 * @param {{ kinds?: string[], steps?: number, precision?: 'fp32' | 'bf16' }} options
 * @returns {Promise<Record<string, { msPerStep: { min: number, median: number, max: number }, nodes: number, lossFirst: number, lossLast: number }>>}
 */
export async function measureStep(
  c,
  { kinds = ['eager', 'compiled', 'training'], steps = 20, precision = 'fp32' } = {},
) {
  const engine = await startEngine();
  const { mfam: ours, llm, shapes } = modelOf(c);
  // nn.LayerNorm's, as in the peer.
  const mfam = { ...ours, layerNormEps: 1e-5 };
  const { spec, values } = inputsOf(c);
  const loss = (parameters, inputs) => {
    const image = mfamTokens(parameters, mfam, { ...inputs, thematic: inputs.high });
    return answerLoss(answerLogits(parameters, { llm, mfam }, [image], inputs), inputs.answer, inputs.weights);
  };
  const results = {};
  for (const kind of kinds) {
    const numShards = kind === 'training' ? Math.min(stepShards, c.batch) : 1;
    const training = createShardedStep(
      engine,
      { trainable: shapes, frozen: {}, numShards, precision, steps: { all: { inputs: spec, loss } } },
      { eager: kind === 'eager' },
    );
    training.setWeights(initialWeights(shapes));
    const warmup = 3;
    const numSteps = kind === 'eager' ? Math.min(steps, 8) : steps;
    const times = [];
    let first;
    let last;
    for (let step = 0; step < warmup + numSteps; step++) {
      const started = process.hrtime.bigint();
      last = training.run('all', values, { step, learningRate: 1e-3 });
      first ??= last;
      if (step >= warmup) times.push(Number(process.hrtime.bigint() - started) / 1e6);
    }
    results[kind] = { msPerStep: summary(times), nodes: training.program.numNodes, lossFirst: first, lossLast: last };
    training.dispose();
  }
  return results;
}
