// One trainer of the phases benchmark: the peak of its resident memory in each phase of a training, in bytes above what it
// has once the engine is loaded. The kernel forgets a peak when `5` is written to clear_refs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '@calm-orch/engine';
import { initialWeights, loraShapes } from '@calm-orch/model';
import { rng } from '@calm-orch/core';
import { createCalmTraining, promptInputs } from '../packages/trainer/dist/training/calm-training.js';
import { createCheckpointWriter } from '../packages/trainer/dist/training/checkpoint-writer.js';
import { createGangSteps } from '../packages/trainer/dist/gangs/gang-steps.js';
import { createLineage } from '../packages/trainer/dist/training/lineage.js';
import { modelOf } from './model.js';
import { joinGang } from './join-gang.js';

const { config: c, address, token, optimizer, lora, accumulation } = JSON.parse(process.argv[2]);
const memory = (name) =>
  1024 * Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync('/proc/self/status', 'utf8'))[1]);
const { mfam, llm, shapes } = modelOf(c);
const isOfLlm = (key) => key.startsWith('llm.');
const pick = (wanted) => Object.fromEntries(Object.entries(shapes).filter(([key]) => wanted(key)));
const factors =
  lora === null
    ? null
    : {
        rank: lora,
        alpha: lora,
        targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
      };
const trainable = factors === null ? shapes : { ...pick((key) => !isOfLlm(key)), ...loraShapes(llm, factors) };
const frozen = factors === null ? {} : pick(isOfLlm);
const taps = { tokens: c.visionTokens, width: c.visionWidth };
// One begin token, as the product has it; the rest of the prefix stands with the suffix.
const suffix = c.prefix - 1 + c.suffix;
const dir = mkdtempSync(join(tmpdir(), 'calm-bench-phases-'));
const engine = await startEngine();

const empty = memory('VmRSS');
const peaks = {};
const phase = async (name, work) => {
  writeFileSync('/proc/self/clear_refs', '5');
  await work();
  peaks[name] = memory('VmHWM') - empty;
};

let sharded;
let stepper;
let gang;
let signal;
const writer = createCheckpointWriter(dir);
const random = rng('bench', 'phases');
const ids = (n) => Array.from({ length: n }, () => random.int(c.vocab));
const states = [0, 1, 2].map((layer) => [
  `image0_layer${layer}`,
  Float32Array.from({ length: c.batch * taps.tokens * taps.width }, () => random.normal()),
]);
const inputs = {
  ...Object.fromEntries(states),
  ...promptInputs(c.batch, { prefix: [1], suffix: ids(suffix) }),
  answer: Int32Array.from(ids(c.batch * c.answer)),
  weights: new Float32Array(c.batch * c.answer).fill(1 / (c.batch * c.answer)),
};
const steps = 5;
const samples = new Int32Array(2 * c.batch);
const step = (at) => stepper.step('answer', inputs, samples, { step: at, learningRate: 1e-4 }, signal);

await phase('start', async () => {
  sharded = createCalmTraining(engine, {
    mfam,
    llm,
    trainable,
    frozen,
    batchSize: c.batch,
    numShards: 8,
    taps,
    forms: { answer: { images: 1, suffix, answer: c.answer } },
    ...(factors && { lora: factors }),
    options: { maxGradientNorm: null, weightDecay: 0, accumulation, recompute: 'none', precision: 'fp32' },
  });
  // One after the other, as they are read.
  sharded.setWeights((key) => initialWeights({ [key]: trainable[key] ?? frozen[key] }, 0)[key]);
  ({ gang, signal } = await joinGang({ address, token }));
  stepper = createGangSteps(gang, sharded, createLineage(), { optimizer, steps });
  await stepper.enter(0, signal);
});
await phase('step', async () => {
  for (let at = 0; at < 3; at++) await step(at);
});
await phase('checkpoint', async () => {
  const part = stepper.part();
  await writer.begin({ step: 3, state: part?.state ?? stepper.state(3) }, { part });
  await step(3);
  await writer.settle();
});
// A partitioned gang gathers its state in the last.
await phase('last step', () => step(4));
await writer.close();
rmSync(dir, { recursive: true });
process.send({ type: 'report', report: { rank: gang.roster.rank, peaks, empty } });
