// One fingerprint for each trial, one table and the same metrics, whatever the number of trainers and threads and whoever
// is killed. Every case is compared with one trainer that nobody disturbs.
import { setTimeout as sleep } from 'node:timers/promises';
import { rng } from '@calm-orch/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRealRuns, pidsOf, smallRun, type Outcome, type RealRun } from '../e2e/real-run.test-util.ts';
import { until } from '../stories/story.test-util.ts';

const runs = makeRealRuns();
afterAll(() => runs.close());

const run = (folder: string, args: readonly string[], env?: NodeJS.ProcessEnv): RealRun =>
  runs.start(folder, ['run', 'experiments/smoke.yaml', ...smallRun, ...args], env);

const trainersOf = (run: RealRun): number[] => pidsOf(run.child.pid!, /calm-orch trainer|compute trainer/);

/** Ends a process that may have ended itself. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

describe('the fingerprints of a run', { timeout: 1_800_000 }, () => {
  let undisturbed: Outcome;
  beforeAll(async () => {
    const first = run('one', ['--trainers', '1']);
    expect(await first.ended, first.text()).toBe(0);
    undisturbed = runs.outcome('one');
    expect(undisturbed.equal.fingerprints.filter(([, fingerprint]) => fingerprint !== null)).toHaveLength(4);
  }, 1_800_000);
  const expectTheSame = (folder: string): void => {
    const { equal, audit } = runs.outcome(folder);
    expect(equal).toEqual(undisturbed.equal);
    expect(audit.ok, JSON.stringify(audit)).toBe(true);
  };

  it.each([2, 3, 5, 8])('do not depend on there being %i trainers', async (trainers) => {
    const folder = `trainers-${trainers}`;
    const started = run(folder, ['--trainers', String(trainers)]);
    expect(await started.ended, started.text()).toBe(0);
    expectTheSame(folder);
  });

  it.each([1, 2, 4])('do not depend on %i trainers adding gradients in the graph', async (trainers) => {
    const folder = `collective-${trainers}`;
    const started = run(folder, ['--trainers', String(trainers), '--set', 'train.exchange=collective']);
    expect(await started.ended, started.text()).toBe(0);
    expect(started.text().includes('add gradients in the graph')).toBe(trainers > 1);
    expectTheSame(folder);
  });

  it.each([1, 2])('do not depend on TensorFlow having %i threads', async (threads) => {
    const folder = `threads-${threads}`;
    const numbers = { TF_NUM_INTRAOP_THREADS: String(threads), OMP_NUM_THREADS: String(threads) };
    const started = run(folder, ['--trainers', '2'], numbers);
    expect(await started.ended, started.text()).toBe(0);
    expectTheSame(folder);
  });

  it('do not depend on trainers being killed ten times', async () => {
    const draw = rng('nightly', 'kills');
    const started = run('kills', ['--trainers', '2', '--set', 'train.checkpointEverySeconds=1']);
    let over = false;
    const ended = started.ended.finally(() => (over = true));
    await until('training is under way', () => /(pretrain|finetune)[\w-]*: started/.test(started.text()), 300_000);
    let kills = 0;
    while (kills < 10 && !over) {
      await sleep(500 + 1500 * draw.uniform());
      const pids = trainersOf(started);
      if (pids.length === 0) continue;
      kill(pids[draw.int(pids.length)]!);
      kills++;
    }
    expect(await ended, started.text()).toBe(0);
    expect(kills).toBe(10);
    expectTheSame('kills');
  });

  it('do not depend on the coordinator being killed twice', async () => {
    let current = run('coordinator', ['--trainers', '2']);
    for (const stage of ['finetune-comment', 'finetune-score']) {
      const { text } = current;
      await until(`${stage} is under way`, () => text().includes(`${stage}: started`), 300_000);
      current.child.kill('SIGKILL');
      await current.ended;
      current = runs.start('coordinator', ['resume']);
    }
    expect(await current.ended, current.text()).toBe(0);
    expectTheSame('coordinator');
  });

  it('do not depend on all processes being killed and the run resumed three times', async () => {
    let current = run('all', ['--trainers', '2']);
    for (const stage of ['pretrain-ssl', 'finetune-comment', 'finetune-score']) {
      const { text } = current;
      await until(`${stage} is under way`, () => text().includes(stage), 300_000);
      for (const pid of pidsOf(current.child.pid!, /calm-orch/)) kill(pid);
      current.child.kill('SIGKILL');
      await current.ended;
      current = runs.start('all', ['resume']);
    }
    expect(await current.ended, current.text()).toBe(0);
    expectTheSame('all');
  });
});
