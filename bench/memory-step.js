// One process of `bench memory`: some training steps of a batch, then on stdout, in bytes, its peak resident memory, or what
// is used of the GPU named `gpu`: TensorFlow gives back nothing of that. `startBytes`: before there was a model.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rng } from '@calm-orch/core';
import { startEngine } from '@calm-orch/engine';
import { answerLogits, answerLoss, createShardedStep, initialWeights, mfamTokens } from '@calm-orch/model';
import { modelOf, normals } from './model.js';

const { config: c, batch, recompute, precision, gpu } = JSON.parse(process.argv[2]);
const { mfam, llm, shapes } = modelOf(c);
const random = rng('bench', 'memory');
const ids = (n) => Int32Array.from({ length: batch * n }, () => random.int(c.vocab));
const texts = ['prefix', 'suffix', 'answer'];
const levels = ['low', 'middle', 'high'];
const state = { shape: [batch, c.visionTokens, c.visionWidth], dtype: 'float32' };
const engine = await startEngine();
const startBytes = bytesUsed();
const sharded = createShardedStep(engine, {
  trainable: shapes,
  frozen: {},
  numShards: 1,
  recompute,
  precision,
  steps: {
    all: {
      inputs: {
        ...Object.fromEntries(levels.map((level) => [level, state])),
        ...Object.fromEntries(texts.map((text) => [text, { shape: [batch, c[text]], dtype: 'int32' }])),
        weights: { shape: [batch, c.answer], dtype: 'float32' },
      },
      loss: (parameters, inputs) => {
        const image = mfamTokens(parameters, mfam, { ...inputs, thematic: inputs.high });
        return answerLoss(answerLogits(parameters, { llm, mfam }, [image], inputs), inputs.answer, inputs.weights);
      },
    },
  },
});
sharded.setWeights(initialWeights(shapes, 0, () => 0.05));
const values = {
  ...Object.fromEntries(levels.map((level) => [level, normals(level, batch * c.visionTokens * c.visionWidth)])),
  ...Object.fromEntries(texts.map((text) => [text, ids(c[text])])),
  weights: new Float32Array(batch * c.answer).fill(1 / (batch * c.answer)),
};
for (let step = 0; step < 3; step++) sharded.run('all', values, { step, learningRate: 1e-4 });
console.log(JSON.stringify({ bytes: bytesUsed(), startBytes }));

function bytesUsed() {
  if (gpu === undefined) return 1024 * Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  const query = ['--query-gpu=memory.used', '--format=csv,noheader,nounits', '-i', gpu];
  return 2 ** 20 * Number(execFileSync('nvidia-smi', query, { encoding: 'utf8', timeout: 20_000 }));
}
