// `npm run bench -- phases`: the peak memory of each phase of a training, beside what `plan` says a trainer needs.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { trainingMemory } from '@calm-orch/model';
import { runMembers } from './gang-processes.js';
import { memorySizes } from './model.js';
import { oneOf, wholeNumber } from './options.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      config: { type: 'string', default: here('tenth.json') },
      trainers: { type: 'string', default: '1' },
      optimizer: { type: 'string', default: 'replicated' },
      accumulation: { type: 'string', default: '1' },
      lora: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const config = JSON.parse(readFileSync(values.config, 'utf8'));
  const gpus = wholeNumber(values.trainers, '--trainers');
  const optimizer = oneOf('--optimizer', values.optimizer, ['replicated', 'partitioned']);
  const accumulation = wholeNumber(values.accumulation, '--accumulation');
  const lora = values.lora === undefined ? null : wholeNumber(values.lora, '--lora');
  const asked = { config, optimizer, accumulation, lora };
  const members = await runMembers(here('phases-member.js'), gpus, asked);
  const { model, sample } = memorySizes(config);
  const finetune = lora === null ? 'full' : 'lora';
  const setup = { gpus, optimizerState: optimizer, finetune, loraRank: lora ?? 0, precision: 'fp32', recompute: false };
  const samples = config.batch / gpus;
  const shares = { samples, microBatch: samples / accumulation, shardSize: config.batch / 8 };
  const planned = trainingMemory(model, sample, { ...setup, ...shares });
  const phases = Object.keys(members[0].peaks).map((name) => {
    const bytes = Math.max(...members.map(({ peaks }) => peaks[name]));
    return { name, bytes, measuredToPlanned: Math.round((bytes / planned.total) * 100) / 100 };
  });
  if (values.json) console.log(JSON.stringify({ ...asked, trainers: gpus, planned, phases }, null, 2));
  else {
    const gb = (bytes) => (bytes / 1e9).toFixed(2);
    const { weights, gradients, optimizer: moments, activations, total } = planned;
    const parts = `weights ${gb(weights)}, gradients ${gb(gradients)}, moments ${gb(moments)}, activations ${gb(activations)}`;
    console.log(`planned ${gb(total)} GB a trainer: ${parts}`);
    for (const { name, bytes, measuredToPlanned } of phases)
      console.log(`${name.padEnd(11)} ${gb(bytes)} GB, ${measuredToPlanned}x`);
  }
  return 0;
}
