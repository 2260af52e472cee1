// `npm run bench -- commands`: how long people wait for an answer at the command line. Each round runs every command once,
// as a process of its own; the first round is not counted, for `plan` and `tables` remember.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './median.js';
import { machineFacts, wholeNumber } from './options.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const program = join(root, 'packages/cli/bin/calm-orch.js');
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

/** ms until the process ends, or until its first line, with which it is told to end. */
async function timeOf({ args, untilLine = false }, dir) {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [program, ...args, '--dir', dir], {
    cwd: root,
    stdio: ['ignore', untilLine ? 'pipe' : 'ignore', 'inherit'],
  });
  let lineMs;
  child.stdout?.on('data', (data) => {
    if (lineMs !== undefined || !String(data).includes('\n')) return;
    lineMs = performance.now() - startedMs;
    child.kill('SIGINT');
  });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (!untilLine && code !== 0) throw new Error(`calm-orch ${args.join(' ')} ended with exit code ${code}`);
  return untilLine ? lineMs : performance.now() - startedMs;
}
