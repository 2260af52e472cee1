// `npm run bench -- steady`: whether a process that trains holds more and more memory. Resident memory and tensors after
// the warm-up steps beside those after many more, each with inputs of its own as in training.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { rng } from '@calm-orch/core';
import { startEngine } from '@calm-orch/engine';
import { initialWeights } from '@calm-orch/model';
import { createCalmTraining, promptInputs } from '../packages/trainer/dist/training/calm-training.js';
import { modelOf } from './model.js';

const numShards = 8;
/** Readings of one place are a median over so many steps: garbage waits for its collector. */
const window = 10;

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      config: { type: 'string', default: fileURLToPath(new URL('nano.json', import.meta.url)) },
      steps: { type: 'string', default: '1000' },
      warmup: { type: 'string', default: '50' },
      json: { type: 'boolean', default: false },
    },
  });
  const [steps, warmup] = [Number(values.steps), Number(values.warmup)];
  const { step, engine } = await trainer(JSON.parse(readFileSync(values.config, 'utf8')));
  const readings = [];
  const read = (from, to) => {
    const bytes = [];
    for (let i = from; i < to; i++) {
      step(i);
      if (i >= to - window) bytes.push(residentBytes());
    }
    const numTensors = engine.tf.memory().numTensors;
    readings.push({ step: to, residentBytes: median(bytes), numTensors, numHandles: handlesOf(engine) });
  };
  read(0, warmup);
  for (let i = 0; i < 10; i++) read(warmup + Math.floor((i * steps) / 10), warmup + Math.floor(((i + 1) * steps) / 10));
  const [first, last] = [readings[0], readings.at(-1)];
  const growth = last.residentBytes / first.residentBytes - 1;
  const result = { config: values.config, steps, warmup, growth, readings };
  console.log(values.json ? JSON.stringify(result) : table(result));
  return 0;
}

/** The product's own step; `i` decides its inputs. */
async function trainer(c) {
  const { mfam, llm, shapes } = modelOf(c);
  const engine = await startEngine();
  const taps = { tokens: c.visionTokens, width: c.visionWidth };
  const suffix = c.prefix - 1 + c.suffix;
  const sharded = createCalmTraining(engine, {
    mfam,
    llm,
    trainable: shapes,
    frozen: {},
    batchSize: c.batch,
    numShards,
    taps,
    forms: { answer: { images: 1, suffix, answer: c.answer } },
  });
  sharded.setWeights(initialWeights(shapes, 0));
  const step = (i) => {
    const random = rng('bench', 'steady', i);
    const ids = (n) => Array.from({ length: n }, () => random.int(c.vocab));
    const states = () => {
      const first = random.normal();
      return Float32Array.from({ length: c.batch * taps.tokens * taps.width }, (_, k) => Math.sin(first + k));
    };
    sharded.run(
      'answer',
      {
        ...Object.fromEntries([0, 1, 2].map((layer) => [`image0_layer${layer}`, states()])),
        ...promptInputs(c.batch, { prefix: [1], suffix: ids(suffix) }),
        answer: Int32Array.from(ids(c.batch * c.answer)),
        weights: new Float32Array(c.batch * c.answer).fill(1 / (c.batch * c.answer)),
      },
      { step: i, learningRate: 1e-4 },
    );
  };
  return { step, engine };
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
/** Tensors that TensorFlow itself holds for JavaScript; none where the back end is wasm. */
const handlesOf = (engine) => engine.node?.binding.getNumOfTensors() ?? 0;

function residentBytes() {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(kilobytes) * 1024;
}

function table({ steps, warmup, growth, readings }) {
  const rows = readings.map(
    (r) =>
      `step ${String(r.step).padStart(6)}  ${(r.residentBytes / 1e6).toFixed(1)} MB  ${r.numTensors} tensors, ${r.numHandles} handles`,
  );
  return [...rows, `${(100 * growth).toFixed(2)} % in ${steps} steps after ${warmup}`].join('\n');
}
