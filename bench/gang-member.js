// One trainer of the gang benchmark: a process with one thread, told by the parent who trains with it.
import { createHash } from 'node:crypto';
import { startEngine } from '@calm-orch/engine';
import { initialWeights } from '@calm-orch/model';
import { createComputeGang, openTensorPlane, tokenAccess } from '@calm-orch/rpc';
import { rng } from '@calm-orch/core';
import { createCalmTraining, promptInputs } from '../packages/trainer/dist/training/calm-training.js';
import { createGangSteps } from '../packages/trainer/dist/gangs/gang-steps.js';
import { createLineage } from '../packages/trainer/dist/training/lineage.js';
import { median } from './median.js';
import { modelOf } from './model.js';

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

const plane = await openTensorPlane({ address, access: tokenAccess(token) });
const gang = createComputeGang({
  plane: () => Promise.resolve(plane),
  stageKey: 'bench',
  onReady: (at) => process.send({ type: 'ready', address: at }),
});
process.on('message', ({ roster }) => gang.update(roster));
const { signal } = new globalThis.AbortController();
await gang.join(signal);
const stepper = createGangSteps(gang, sharded, createLineage(), { optimizer, steps: warmup + steps });
await stepper.enter(0, signal);
const samples = new Int32Array(2 * c.batch);
const times = [];
for (let step = 0; step < warmup + steps; step++) {
  const started = performance.now();
  await stepper.step('answer', inputs, samples, { step, learningRate: 1e-4 }, signal);
  if (step >= warmup) times.push(performance.now() - started);
}
/** Offers a tensor and takes the peer's, in turn, when both are idle: what an exchange costs by itself. */
const exchange = async (name, size, repeats) => {
  const peer = gang.roster.members.find((_, rank) => rank !== gang.roster.rank);
  if (peer === undefined) return 0;
  const tensor = new Float32Array(size);
  const took = [];
  for (let i = 0; i < repeats; i++) {
    gang.publish(`${name}-go-${i}`, new Float32Array(1));
    await gang.pull(peer, `${name}-go-${i}`, signal);
    const started = performance.now();
    gang.publish(`${name}-${i}`, tensor);
    await gang.pull(peer, `${name}-${i}`, signal);
    took.push(performance.now() - started);
    gang.retire((kept) => kept === `bench/${name}-${i}` || kept === `${name}-${i}`);
  }
  return median(took);
};
const { weights } = optimizer === 'replicated' ? stepper.state(warmup + steps) : sharded.state();
const numWeights = weights.length;
const report = {
  rank: gang.roster.rank,
  msPerStep: median(times),
  // Of a pair: of more members some would ask for what has been retired.
  ...(measuresExchange && {
    controlMs: await exchange('control', 1, 31),
    tensorMs: await exchange('tensor', numWeights, 7),
  }),
  numWeights,
  /** Of the weights after the last step, where each member has all. */
  sha256: createHash('sha256')
    .update(Buffer.from(weights.buffer, weights.byteOffset, weights.byteLength))
    .digest('hex'),
};
process.send({ type: 'report', report });
