// One process of `bench memory`: some training steps of a batch, then its peak resident memory on stdout, in bytes.
import { readFileSync } from 'node:fs';
import { rng } from '@calm-orch/core';
import { startEngine } from '@calm-orch/engine';
import { answerLogits, answerLoss, createShardedStep, initialWeights, mfamTokens } from '@calm-orch/model';
import { modelOf, normals } from './model.js';

const { config: c, batch, recompute, precision } = JSON.parse(process.argv[2]);
const { mfam, llm, shapes } = modelOf(c);
const random = rng('bench', 'memory');
const ids = (n) => Int32Array.from({ length: batch * n }, () => random.int(c.vocab));
const texts = ['prefix', 'suffix', 'answer'];
const levels = ['low', 'middle', 'high'];
const state = { shape: [batch, c.visionTokens, c.visionWidth], dtype: 'float32' };
const sharded = createShardedStep(await startEngine(), {
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
const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
console.log(JSON.stringify({ bytes: Number(kilobytes) * 1024 }));
