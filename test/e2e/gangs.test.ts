// Real training, small: however many trainers, however they add gradients, whoever is killed, the same weights, numbers and
// table.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRealRuns, pidsOf, smallRun, type Outcome, type RealRun } from './real-run.test-util.ts';
import { until } from '../stories/story.test-util.ts';

const runs = makeRealRuns();
afterAll(() => runs.close());

const run = (folder: string, trainers: number, ...more: readonly string[]): RealRun =>
  runs.start(folder, ['run', 'experiments/smoke.yaml', ...smallRun, '--trainers', String(trainers), ...more]);

describe('a run with real training', { timeout: 900_000 }, () => {
  let first: Outcome;
  beforeAll(async () => {
    await runs.copy('undisturbed', 'one');
    first = runs.outcome('one');
    expect(first.equal.fingerprints.filter(([, fingerprint]) => fingerprint !== null)).toHaveLength(4);
    expect(first.audit.ok, JSON.stringify(first.audit)).toBe(true);
  }, 900_000);
  const expectTheSame = (folder: string): Outcome => {
    const outcome = runs.outcome(folder);
    expect(outcome.equal).toEqual(first.equal);
    expect(outcome.shared, 'stages computed by several trainers').toBeGreaterThan(0);
    expect(outcome.audit.ok, JSON.stringify(outcome.audit)).toBe(true);
    return outcome;
  };

  it('ends in the same weights, numbers and table with one trainer, and with three that gang up and are killed', async () => {
    const killed = run('killed', 3);
    const trainers = (): number[] => pidsOf(killed.child.pid!, /calm-orch trainer|compute trainer/);
    for (const stage of ['finetune-comment', 'finetune-score']) {
      await until(`${stage} is under way`, () => killed.text().includes(`${stage}: started`), 240_000);
      await until('there are trainers', () => trainers().length > 0);
      for (const pid of trainers()) process.kill(pid, 'SIGKILL');
    }
    expect(await killed.ended, killed.text()).toBe(0);
    expect(expectTheSame('killed').attempts.some(({ status }) => status === 'lost')).toBe(true);
  });

  it('ends in the same when two add gradients in the graph and one of them is killed in the middle of a step', async () => {
    const inGraph = '2 trainers add gradients in the graph';
    const started = run('collective', 2, '--set', 'train.exchange=collective');
    await until('two add in the graph', () => started.text().includes(inGraph), 240_000);
    // Between the first step of a gang and its last a trainer always is in the middle of one.
    await sleep(1000);
    process.kill(pidsOf(started.child.pid!, /compute trainer/)[0]!, 'SIGKILL');
    expect(await started.ended, started.text()).toBe(0);
    expect(expectTheSame('collective').attempts.some(({ status }) => status === 'lost')).toBe(true);
    const explained = runs.start('collective', ['explain']);
    expect([await explained.ended, explained.text()]).toEqual([0, expect.stringContaining(`\n  ${inGraph}`)]);
  });
});
