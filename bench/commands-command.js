// `npm run bench -- commands`: how long people wait for an answer at the command line. Each round runs every command once,
// as a process of its own; the first round is not counted, for `plan` and `tables` remember.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from './median.js';
import { machineFacts, wholeNumber } from './options.js';
import { timeOf } from './program.js';

const experiment = 'experiments/ablation-mfam.yaml';

/** What each command line may take on an idle machine, in ms. */
const commands = [
  { args: ['--help'], limit: 300 },
  ...['runs', 'show', 'tables', 'explain', 'audit', 'logs'].map((name) => ({ args: [name], limit: 1000 })),
  { args: ['plan', experiment], limit: 3000 },
  { args: ['run', experiment], limit: 1000, untilLine: true },
];

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      dir: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  });
  const rounds = wholeNumber(values.rounds, '--rounds');
  const scratch = mkdtempSync(join(tmpdir(), 'calm-bench-'));
  try {
    const dir = values.dir ?? join(scratch, 'runs');
    if (values.dir === undefined) await timeOf({ args: ['run', 'experiments/smoke.yaml'] }, dir);
    const times = commands.map(() => []);
    for (let round = 0; round <= rounds; round++)
      for (const [i, command] of commands.entries()) {
        const place = command.untilLine ? join(scratch, `run-${round}`) : dir;
        const ms = await timeOf(command, place);
        if (round > 0) times[i].push(ms);
      }
    const measured = commands.map(({ args: [...words], limit, untilLine = false }, i) => ({
      command: words.join(' ') + (untilLine ? ', first line' : ''),
      ms: Math.round(median(times[i])),
      min: Math.round(Math.min(...times[i])),
      max: Math.round(Math.max(...times[i])),
      limit,
    }));
    if (values.json) console.log(JSON.stringify({ ...machineFacts(), rounds, commands: measured }, null, 2));
    else
      for (const { command, ms, min, max, limit } of measured)
        console.log(`${command.padEnd(48)} ${`${ms}`.padStart(6)} ms (${min} to ${max}), at most ${limit}`);
    return measured.every(({ ms, limit }) => ms <= limit) ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
