// The life of leases under any order of calls, deaths and delays: workers do what a random script says, then behave, and
// the run must end with every item finished exactly once.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { WorkItem } from '@calm-orch/rpc';
import { openTracker } from '@calm-orch/tracker';
import { Coordinator } from './coordinator.ts';
import { defaultPolicy } from './policy.ts';
import { never, optionsOf, recordRun, stage } from './recorded-run.test-util.ts';

const stages = [
  stage('data', 'augmentor', [], 3),
  stage('encode', 'trainer', ['data'], 2),
  stage('finetune-score', 'trainer', ['encode']),
];

const action = fc.record({
  what: fc.constantFrom('lease', 'complete', 'raise', 'die', 'wait', 'beat', 'expire', 'late'),
  worker: fc.integer({ min: 0, max: 3 }),
  ms: fc.integer({ min: 0, max: 20_000 }),
});

it('leases end in every item finished exactly once, whatever happens in between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (script) => {
      const dir = mkdtempSync(join(tmpdir(), 'calm-orch-leases-'));
      const tracker = openTracker(dir);
      try {
        let nowMs = 0;
        // Nothing fails for good: that is another test's.
        const policy = { ...defaultPolicy, maxFailures: 1000, maxLostInARow: 1000 };
        const { runId } = recordRun(tracker, stages);
        const options = { ...optionsOf(tracker, dir, runId, stages), policy };
        const coordinator = new Coordinator({ ...options, now: () => nowMs, onEvent: () => {} }, { reused: new Set() });
        coordinator.start();
        const held = new Map<number, WorkItem>();
        const old: WorkItem[] = [];
        const generation = [0, 0, 0, 0];
        const roleOf = (worker: number) => (worker < 2 ? 'augmentor' : 'trainer');
        const instanceOf = (worker: number): string => `${worker}.${generation[worker]}`;
        const register = (worker: number): void => coordinator.register(roleOf(worker), worker, instanceOf(worker));
        [0, 1, 2, 3].forEach(register);
        const compute = ({ outputDir, item }: WorkItem): void => {
          mkdirSync(outputDir, { recursive: true });
          writeFileSync(join(outputDir, `${item}.txt`), 'result');
        };
        const forget = (worker: number): void => {
          const work = held.get(worker);
          if (work !== undefined) old.push(work);
          held.delete(worker);
        };
        const leaseFor = async (worker: number): Promise<void> => {
          const work = await coordinator.lease(instanceOf(worker), 0, never);
          if (work !== null && work !== 'stop') held.set(worker, work);
        };
        for (const { what, worker, ms } of script) {
          const work = held.get(worker);
          if (what === 'lease') await leaseFor(worker);
          else if (what === 'wait') nowMs += ms;
          else if (what === 'beat' && work) {
            if (coordinator.heartbeat(instanceOf(worker), work.token) === 'drop') forget(worker);
          } else if (what === 'complete' && work) {
            compute(work);
            coordinator.complete(work.token, {});
            forget(worker);
          } else if (what === 'raise' && work) {
            coordinator.fail(work.token, 'raised', 'no luck');
            forget(worker);
          } else if (what === 'die') {
            coordinator.workerExited(instanceOf(worker), { ending: 'killed', reason: 'was killed' });
            forget(worker);
            generation[worker]!++;
            register(worker);
          } else if (what === 'expire') coordinator.expire();
          // A call that was on its way when its attempt ended changes nothing.
          else if (what === 'late' && old.length > 0) coordinator.complete(old[ms % old.length]!.token, {});
          const tokens = [...held.values()].map(({ token }) => token);
          expect(new Set(tokens).size).toBe(tokens.length);
        }
        let isOver = false;
        const ended = coordinator.ended.then(() => (isOver = true));
        for (let round = 0; round < 200 && !isOver; round++) {
          for (const worker of [0, 1, 2, 3]) {
            await leaseFor(worker);
            const work = held.get(worker);
            if (work === undefined) continue;
            compute(work);
            coordinator.complete(work.token, {});
            held.delete(worker);
          }
          await coordinator.settle();
          await Promise.resolve();
        }
        expect(isOver).toBe(true);
        await ended;
        for (const { key, numItems } of stages) {
          expect(tracker.findSucceededStage(key)).not.toBeNull();
          const done = tracker.listAttempts(runId, key).filter(({ status }) => status === 'succeeded');
          expect(done.map(({ item }) => item).sort()).toEqual(Array.from({ length: numItems }, (_, item) => item));
        }
      } finally {
        tracker.close();
        rmSync(dir, { recursive: true, force: true });
      }
    }),
    { numRuns: 40, seed: 11 },
  );
}, 60_000);
