// One trainer of the gang benchmark: a process with one thread, told by the parent who trains with it.
import { createHash } from 'node:crypto';
import { startEngine } from '@calm-orch/engine';
import { alignedBlocks, initialWeights } from '@calm-orch/model';
import { rng, shardRange } from '@calm-orch/core';
import { createCalmTraining, promptInputs } from '../packages/trainer/dist/training/calm-training.js';
import { createExchange } from '../packages/trainer/dist/gangs/gang-exchange.js';
import { exchangeSums } from '../packages/trainer/dist/gangs/gang-sums.js';
import { createGangSteps } from '../packages/trainer/dist/gangs/gang-steps.js';
import { createLineage } from '../packages/trainer/dist/training/lineage.js';
import { median } from './median.js';
import { modelOf } from './model.js';
import { joinGang } from './join-gang.js';

const { config: c, address, steps, warmup, token, optimizer, measuresExchange } = JSON.parse(process.argv[2]);
const numShards = 8;
const { mfam, llm, shapes: trainable } = modelOf(c);
const taps = { tokens: c.visionTokens, width: c.visionWidth };
// One begin token, as the product has it; the rest of the prefix stands with the suffix.
const suffix = c.prefix - 1 + c.suffix;
const sharded = createCalmTraining(await startEngine(), {
  mfam,
  llm,
  trainable,
  frozen: {},
  batchSize: c.batch,
  numShards,
  taps,
  forms: { answer: { images: 1, suffix, answer: c.answer } },
});
sharded.setWeights(initialWeights(trainable, 0));
const random = rng('bench', 'gang');
const ids = (n) => Array.from({ length: n }, () => random.int(c.vocab));
const inputs = {
  ...Object.fromEntries(
    [0, 1, 2].map((layer) => [
      `image0_layer${layer}`,
      Float32Array.from({ length: c.batch * taps.tokens * taps.width }, () => random.normal()),
    ]),
  ),
  ...promptInputs(c.batch, { prefix: [1], suffix: ids(suffix) }),
  answer: Int32Array.from(ids(c.batch * c.answer)),
  weights: new Float32Array(c.batch * c.answer).fill(1 / (c.batch * c.answer)),
};

const { gang, signal } = await joinGang({ address, token });
const stepper = createGangSteps(gang, sharded, createLineage(), { optimizer, steps: warmup + steps });
await stepper.enter(0, signal);
const samples = new Int32Array(2 * c.batch);
const times = [];
for (let step = 0; step < warmup + steps; step++) {
  const started = performance.now();
  await stepper.step('answer', inputs, samples, { step, learningRate: 1e-4 }, signal);
  if (step >= warmup) times.push(performance.now() - started);
}
const exchange = createExchange(gang);
/** Medians of what an exchange costs by itself, when all are idle. */
const timed = async (name, repeats, once) => {
  if (gang.roster.members.length === 1) return 0;
  const took = [];
  for (let i = 0; i < repeats; i++) {
    gang.publish(`${name}-go-${i}`, new Float32Array(1));
    await exchange.pullAll(gang.roster, `${name}-go-${i}`, { signal });
    const started = performance.now();
    await once(`${name}-${i}`);
    took.push(performance.now() - started);
    gang.retire((kept) => kept.startsWith(`${name}-${i}`));
  }
  return median(took);
};
const control = async (name) => {
  gang.publish(name, new Float32Array(1));
  await exchange.pullAll(gang.roster, name, { signal });
};
/** Sums of as many gradients as the model has. */
const sum = async (name) => {
  const { first, end } = shardRange(numShards, gang.roster.members.length, gang.roster.rank);
  const [block] = alignedBlocks(first, end);
  const own = gradients.map((values) => [{ ...block, sum: values }]);
  const options = { gang, exchange, roster: gang.roster, numShards, signal };
  await exchangeSums(options, name, new Float32Array(0), own, []);
};
const gradients = sharded.buckets.map(({ first, end }) => new Float32Array(end - first));
const { weights } = optimizer === 'replicated' ? stepper.state(warmup + steps) : sharded.state();
const numWeights = weights.length;
const hash = createHash('sha256');
for (const part of weights) hash.update(Buffer.from(part.buffer, part.byteOffset, part.byteLength));
const report = {
  rank: gang.roster.rank,
  msPerStep: median(times),
  // Of a pair: of more members some would ask for what has been retired.
  ...(measuresExchange && {
    controlMs: await timed('control', 31, control),
    tensorMs: await timed('sums', 7, sum),
  }),
  numWeights,
  /** Of the weights after the last step, where each member has all. */
  sha256: hash.digest('hex'),
};
process.send({ type: 'report', report });
