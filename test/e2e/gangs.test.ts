// Real training, small: however many trainers, whoever is killed, the same weights, numbers and table.
import { afterAll, describe, expect, it } from 'vitest';
import { makeRealRuns, pidsOf, smallRun } from './real-run.test-util.ts';
import { until } from '../stories/story.test-util.ts';

const runs = makeRealRuns();
afterAll(() => runs.close());

describe('a run with real training', { timeout: 900_000 }, () => {
  it('ends in the same weights, numbers and table with one trainer, and with three that gang up and are killed', async () => {
    await runs.copy('undisturbed', 'one');
    const killed = runs.start('killed', ['run', 'experiments/smoke.yaml', ...smallRun, '--trainers', '3']);
    const trainers = (): number[] => pidsOf(killed.child.pid!, /calm-orch trainer|compute trainer/);
    for (const stage of ['finetune-comment', 'finetune-score']) {
      await until(`${stage} is under way`, () => killed.text().includes(`${stage}: started`), 240_000);
      await until('there are trainers', () => trainers().length > 0);
      for (const pid of trainers()) process.kill(pid, 'SIGKILL');
    }
    expect(await killed.ended, killed.text()).toBe(0);

    const [first, disturbed] = [runs.outcome('one'), runs.outcome('killed')];
    expect(first.equal.fingerprints.filter(([, fingerprint]) => fingerprint !== null)).toHaveLength(4);
    expect(disturbed.equal).toEqual(first.equal);
    expect(disturbed.shared, 'stages computed by several trainers').toBeGreaterThan(0);
    expect(disturbed.attempts.some(({ status }) => status === 'lost')).toBe(true);
    for (const { audit } of [first, disturbed]) expect(audit.ok, JSON.stringify(audit)).toBe(true);
  });
});
