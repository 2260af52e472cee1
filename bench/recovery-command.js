// `npm run bench -- recovery`: seconds from kill -9 of one of two ganged trainers to the next step that the other finishes.
// A real run: the coordinator sees the process end, the survivor gets a new roster, and what counts is the ledger, where
// steps stand with the roster they were computed under.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openSqlite } from '@calm-orch/tracker';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** The ledger is asked this often, and trainers tell it twice a second: both are part of what is measured. */
const everyMs = 10;

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      kills: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  });
  const dir = mkdtempSync(join(tmpdir(), 'calm-bench-'));
  const rounds = [];
  const started = startRun(dir);
  try {
    const ledger = await openLedger(dir, started);
    while (rounds.length < Number(values.kills)) rounds.push(await killOne(ledger, started));
    ledger.close();
  } finally {
    started.child.kill('SIGINT');
    await started.ended;
    rmSync(dir, { recursive: true, force: true });
  }
  const sorted = rounds.map(({ ms }) => ms).sort((a, b) => a - b);
  const result = {
    experiment: 'experiments/smoke.yaml, row all, finetune-score',
    msToNextStep: { min: sorted[0], median: sorted[sorted.length >> 1], max: sorted.at(-1) },
    kills: rounds,
  };
  if (values.json) console.log(JSON.stringify(result, null, 2));
  else {
    const { min, median, max } = result.msToNextStep;
    console.log(
      `kill -9 of one of two ganged trainers to the next finished step: median ${median} ms (${min} to ${max})`,
    );
    for (const { killed, ms } of rounds) console.log(`  ${killed}: ${ms} ms`);
  }
  return 0;
}

/** Preset nano: one row, so that two trainers are left with one stage, which has steps enough to be killed in. */
function startRun(dir) {
  const set = ['finetuneComment.steps=2', 'finetuneScore.steps=10000', 'train.checkpointEverySeconds=10'];
  const child = spawn(
    process.execPath,
    [
      join(root, 'packages/cli/bin/calm-orch.js'),
      'run',
      'experiments/smoke.yaml',
      '--dir',
      dir,
      '--rows',
      'all',
      '--trainers',
      '2',
      '--augmentors',
      '1',
      '--gang-min-left',
      '0',
      ...set.flatMap((each) => ['--set', each]),
    ],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const started = { child, isOver: false, ended: undefined };
  started.ended = new Promise((resolve) => {
    child.once('exit', () => {
      started.isOver = true;
      resolve();
    });
  });
  return started;
}

async function until(what, started, value) {
  for (const giveUpAt = performance.now() + 300_000; ; await sleep(everyMs)) {
    const found = value();
    if (found !== undefined) return found;
    if (started.isOver) throw new Error(`the run ended before ${what}`);
    if (performance.now() > giveUpAt) throw new Error(`waited 5 minutes in vain until ${what}`);
  }
}

async function openLedger(dir, started) {
  const db = await until('there was a tracker', started, () => {
    try {
      return openSqlite(join(dir, 'calm-orch.db'), { readonly: true, fileMustExist: true });
    } catch {
      return undefined;
    }
  });
  const key = await until('the stage was planned', started, () => {
    try {
      return db.prepare(`select key from stages where kind = 'finetune-score'`).get()?.key;
    } catch {
      return undefined;
    }
  });
  const members = db.prepare(
    `select generation, worker from rosters where stage_key = ? and generation =
       (select max(generation) from rosters where stage_key = ?)`,
  );
  const applied = db.prepare(
    'select coalesce(max(end_step) - min(first_step), 0) as steps from told_steps where stage_key = ? and generation >= ?',
  );
  const living = db.prepare(`select pid, position from workers where role = 'trainer' and ended_ms is null`);
  return {
    roster: () => members.all(key, key),
    stepsSince: (generation) => applied.get(key, generation).steps,
    pidOf: (worker) => living.all().find(({ position }) => `trainer ${position}` === worker)?.pid,
    close: () => db.close(),
  };
}

/** Waits until two trainers make steps together, and kills them by turns. */
async function killOne(ledger, started) {
  const roster = await until('two trainers made steps together', started, () => {
    const found = ledger.roster();
    return found.length === 2 && ledger.stepsSince(found[0].generation) >= 5 ? found : undefined;
  });
  const [{ generation }] = roster;
  const { worker } = roster[generation % 2];
  const pid = await until(`${worker} had a process`, started, () => ledger.pidOf(worker));
  const at = performance.now();
  process.kill(pid, 'SIGKILL');
  await until('the other went on', started, () => (ledger.stepsSince(generation + 1) > 0 ? true : undefined));
  return { killed: worker, ms: Math.round(performance.now() - at) };
}
