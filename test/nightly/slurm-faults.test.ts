// The smoke experiment under a real Slurm that is disturbed twenty times: elements are requeued, cancelled and pushed aside,
// nodes and the controller fail, the queue does not answer for two minutes. Every weight, number and table stays.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { rng } from '@calm-orch/core';
import { makeRealRuns, type RealRuns } from '../e2e/real-run.test-util.ts';
import { makeSlurmCluster, type SlurmCluster } from '../slurm/slurm-cluster.test-util.ts';

let runs: RealRuns;
let made: ReturnType<typeof makeSlurmCluster>;

beforeEach(() => {
  runs = makeRealRuns();
  made = { missing: 'nobody has looked' };
});
afterEach(() => {
  if ('close' in made) made.close();
  runs.close();
});

// Long enough for all of them.
const smoke = [
  'run',
  'experiments/smoke.yaml',
  '--set',
  'finetuneScore.steps=2400',
  '--set',
  'finetuneComment.steps=900',
];

type Fault = (slurm: SlurmCluster, choose: (from: readonly string[]) => string) => Promise<void>;

const elements = (slurm: SlurmCluster): string[] =>
  slurm
    .slurm('squeue', '--noheader', '-r', '--states=RUNNING', '--partition=main', '-o', '%i')
    .split('\n')
    .filter(Boolean);

const faults: Readonly<Record<string, Fault>> = {
  requeue: (slurm, choose) => one(slurm, choose, (id) => slurm.slurm('scontrol', 'requeue', id)),
  scancel: (slurm, choose) => one(slurm, choose, (id) => slurm.slurm('scancel', id)),
  preemption: async (slurm, choose) => {
    const node = choose(['n1', 'n2', 'n3']);
    const urgent = ['--parsable', '--partition=urgent', `--nodelist=${node}`, '--exclusive', '--output=/dev/null'];
    const id = slurm.slurm('sbatch', ...urgent, '--wrap=sleep 10').trim();
    await sleep(6000);
    unlessOver(() => slurm.slurm('scancel', id));
  },
  'node down': async (slurm, choose) => {
    const node = choose(['n1', 'n2', 'n3']);
    slurm.slurm('scontrol', 'update', `NodeName=${node}`, 'State=DOWN', 'Reason=trial');
    await sleep(4000);
    unlessOver(() => slurm.slurm('scontrol', 'update', `NodeName=${node}`, 'State=RESUME'));
  },
  // Its jobs go on without it, while the controller has them begin elsewhere.
  'node daemon killed': async (slurm, choose) => {
    const node = choose(['n1', 'n2', 'n3']) as 'n1';
    slurm.kill(`slurmd-${node}`);
    await sleep(14_000);
    slurm.start('slurmd', '-N', node);
    await sleep(2000);
  },
  'controller killed': async (slurm) => {
    slurm.kill('slurmctld');
    await sleep(12_000);
    slurm.start('slurmctld');
    await sleep(2000);
  },
};

/** A job may have ended, a node come back, between two orders; a controller that has just begun answers late. */
function unlessOver(order: () => void): void {
  try {
    order();
  } catch (error) {
    console.log((error as Error).message);
  }
}

async function one(slurm: SlurmCluster, choose: (from: readonly string[]) => string, act: (id: string) => void) {
  const there = elements(slurm);
  if (there.length > 0) unlessOver(() => act(choose(there)));
  await sleep(500);
}

test('with accounting by slurmdbd the smoke experiment ends as with local workers', { timeout: 600_000 }, async () => {
  made = makeSlurmCluster('--accounting');
  if ('missing' in made) {
    console.log(`Slurm with accounting not tried: ${made.missing}`);
    return expect(made.missing).not.toBe('');
  }
  const local = runs.start('local', ['run', 'experiments/smoke.yaml']);
  expect(await local.ended).toBe(0);
  const run = runs.start('accounted', ['run', 'experiments/smoke.yaml', '--launcher', 'slurm'], made.env);
  expect([await run.ended, run.text()]).toEqual([0, expect.stringContaining('succeeded')]);
  expect(runs.outcome('accounted').equal).toEqual(runs.outcome('local').equal);
  expect(made.slurm('sacct', '--parsable2', '--noheader', '--format=jobname')).toContain('calm-orch:smoke-1:trainer');
});

test(
  'twenty faults of queue, nodes and controller change no weight, number or table',
  { timeout: 2_400_000 },
  async () => {
    made = makeSlurmCluster();
    if ('missing' in made) {
      console.log(`Slurm not tried: ${made.missing}`);
      return expect(made.missing).not.toBe('');
    }
    const slurm = made;
    const quiet = runs.start('quiet', smoke);
    expect(await quiet.ended).toBe(0);

    const run = runs.start('disturbed', [...smoke, '--launcher', 'slurm'], slurm.env);
    let hasEnded = false;
    const ended = run.ended.finally(() => (hasEnded = true));
    const random = rng('slurm faults', Number(process.env['SEED'] ?? 1));
    const pick = (from: readonly string[]): string => from[Math.floor(random.uniform() * from.length)]!;
    // Each kind three times, in a random order, and one more.
    const kinds = [...Object.keys(faults).flatMap((kind) => [kind, kind, kind]), 'requeue'];
    const done: string[] = [];
    await sleep(8000);
    let answersAgain: NodeJS.Timeout | undefined;
    while (done.length < 20 && !hasEnded) {
      // Once, for two minutes, while the others go on.
      if (done.length === 8 && !done.includes('queue away')) {
        slurm.failQueue(true);
        answersAgain = setTimeout(() => slurm.failQueue(false), 120_000);
        done.push('queue away');
      }
      const [kind = ''] = kinds.splice(Math.floor(random.uniform() * kinds.length), 1);
      console.log(`${new Date().toISOString()} ${kind}`);
      await faults[kind]!(slurm, pick);
      done.push(kind);
      await sleep(3000 + 6000 * random.uniform());
    }
    const code = await ended;
    clearTimeout(answersAgain);
    console.log(run.text());
    expect([code, done.length]).toEqual([0, 20]);
    const [one, other] = [runs.outcome('quiet'), runs.outcome('disturbed')];
    expect(other.equal.fingerprints).toEqual(one.equal.fingerprints);
    expect(other.equal.table).toEqual(one.equal.table);
    expect(other.audit.ok).toBe(true);
    const calls = slurm.calls('squeue').map(({ ms }) => ms);
    const gaps = calls.slice(1).map((ms, index) => ms - calls[index]!);
    expect(Math.min(...gaps)).toBeGreaterThan(9500);
  },
);
