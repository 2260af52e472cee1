// `npm run bench -- gang`: steps of one trainer with one thread against two ganged trainers with one thread each.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runMembers } from './gang-processes.js';
import { median } from './median.js';
import { wholeNumber } from './options.js';

const here = dirname(fileURLToPath(import.meta.url));

const member = join(here, 'gang-member.js');

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      config: { type: 'string', default: join(here, 'small.json') },
      steps: { type: 'string', default: '7' },
      rounds: { type: 'string', default: '3' },
      optimizer: { type: 'string', default: 'replicated' },
      json: { type: 'boolean', default: false },
    },
  });
  const config = JSON.parse(readFileSync(values.config, 'utf8'));
  const steps = wholeNumber(values.steps, '--steps');
  const options = { config, steps, warmup: 2, optimizer: values.optimizer, measuresExchange: true };
  const numRounds = wholeNumber(values.rounds, '--rounds');
  const rounds = [];
  // By turns, so that what else the machine does hits both alike.
  for (let round = 0; round < numRounds; round++) {
    const [one] = await runMembers(member, 1, options);
    const [two] = await runMembers(member, 2, options);
    rounds.push({ one: one.msPerStep, two: two.msPerStep, ...two });
  }
  const medianOf = (of) => median(rounds.map(of));
  const round = (x, digits = 1) => Math.round(x * 10 ** digits) / 10 ** digits;
  const result = {
    config: values.config,
    optimizer: values.optimizer,
    numWeights: rounds[0].numWeights,
    oneTrainer: { msPerStep: round(medianOf((r) => r.one)) },
    twoTrainers: { msPerStep: round(medianOf((r) => r.two)) },
    speedup: round(
      medianOf((r) => r.one / r.two),
      2,
    ),
    control: {
      ms: round(
        medianOf((r) => r.controlMs),
        2,
      ),
      shareOfStep: round(
        medianOf((r) => r.controlMs / r.two),
        4,
      ),
    },
    tensors: {
      ms: round(medianOf((r) => r.tensorMs)),
      shareOfStep: round(
        medianOf((r) => r.tensorMs / r.two),
        3,
      ),
    },
    rounds: rounds.map(({ one, two }) => ({ one: round(one), two: round(two) })),
  };
  if (values.json) console.log(JSON.stringify(result, null, 2));
  else {
    console.log(`one trainer, one thread:        ${result.oneTrainer.msPerStep} ms a step`);
    console.log(`two ganged trainers, one each:  ${result.twoTrainers.msPerStep} ms a step (${result.speedup}x)`);
    console.log(
      `exchange of ${result.numWeights} sums: ${result.tensors.ms} ms; control alone: ${result.control.ms} ms`,
    );
  }
  return 0;
}
