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
    const one = run('one', 1);
    expect(await one.ended, one.text()).toBe(0);
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

  describe('whose trainers add gradients in the graph', () => {
    const inGraph = (trainers: number): string => `${trainers} trainers add gradients in the graph`;
    const expectExplained = async (folder: string, how: string): Promise<void> => {
      const explained = runs.start(folder, ['explain']);
      expect(await explained.ended).toBe(0);
      expect(explained.text()).toContain(`\n  ${how}`);
    };

    it.each([2, 4])('ends in the same with %i trainers', async (trainers) => {
      const folder = `collective-${trainers}`;
      const started = run(folder, trainers, '--set', 'train.exchange=collective');
      expect(await started.ended, started.text()).toBe(0);
      expectTheSame(folder);
      await expectExplained(folder, inGraph(trainers));
    });

    it('ends in the same when one of them is killed in the middle of a step', async () => {
      const started = run('collective-killed', 2, '--set', 'train.exchange=collective');
      await until('two add in the graph', () => started.text().includes(inGraph(2)), 240_000);
      // Between the first step of a gang and its last a trainer always is in the middle of one.
      await sleep(1000);
      process.kill(pidsOf(started.child.pid!, /compute trainer/)[0]!, 'SIGKILL');
      expect(await started.ended, started.text()).toBe(0);
      expect(expectTheSame('collective-killed').attempts.some(({ status }) => status === 'lost')).toBe(true);
      await expectExplained('collective-killed', inGraph(2));
    });
  });
});
