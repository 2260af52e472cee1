// The schedule in virtual time: a thousand stages, up to a thousand workers, workers that die. What list scheduling
// promises (Graham 1969) is asserted: without faults the end comes no later than the longest chain plus the work shared
// evenly. The ratio to the lower bound is printed.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { criticalPaths, nextItem, type Schedulable } from './schedule.ts';

interface Simulated {
  readonly makespan: number;
  readonly lowerBound: number;
  readonly executions: ReadonlyMap<string, number>;
}

interface Setting {
  readonly seed: number;
  readonly numStages: number;
  readonly numWorkers: number;
  /** Of all assignments, those whose worker dies half-way and comes back later. */
  readonly faultShare: number;
}

/** Numbers in [0, 1) from a seed. */
function numbers(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function simulate({ seed, numStages, numWorkers, faultShare }: Setting): Simulated {
  const next = numbers(seed);
  type Stage = Schedulable & { state: Schedulable['state']; queued: number[] };
  const stages: Stage[] = Array.from({ length: numStages }, (_, i) => {
    const numInputs = Math.min(i, Math.floor(next() * 4));
    const inputs = new Set(Array.from({ length: numInputs }, () => `s${Math.floor(next() * i)}`));
    return {
      key: `s${i}`,
      role: 'trainer',
      cost: 1 + Math.floor(next() * 99),
      inputs: [...inputs],
      state: 'waiting',
      queued: [0],
    };
  });
  const byKey = new Map(stages.map((stage) => [stage.key, stage]));
  const paths = criticalPaths(stages);
  const executions = new Map<string, number>();
  const running: { readonly at: number; readonly stage: Stage | null }[] = [];
  let idle = numWorkers;
  let now = 0;
  let left = numStages;
  while (left > 0) {
    while (idle > 0) {
      const item = nextItem('trainer', stages, paths);
      if (item === null) break;
      const stage = byKey.get(item.key)!;
      for (const input of stage.inputs) expect(byKey.get(input)!.state).toBe('succeeded');
      stage.queued = [];
      idle--;
      if (next() < faultShare) {
        // Dies half-way; another takes its place at once.
        running.push({ at: now + stage.cost / 2, stage: null });
        const lost = stage;
        running[running.length - 1] = { at: now + stage.cost / 2, stage: { ...lost, key: `lost ${lost.key}` } };
      } else running.push({ at: now + stage.cost, stage });
    }
    expect(running.length, 'somebody works while stages are left').toBeGreaterThan(0);
    running.sort((a, b) => a.at - b.at);
    const { at, stage } = running.shift()!;
    now = at;
    idle++;
    if (stage!.key.startsWith('lost ')) byKey.get(stage!.key.slice(5))!.queued = [0];
    else {
      stage!.state = 'succeeded';
      executions.set(stage!.key, (executions.get(stage!.key) ?? 0) + 1);
      left--;
    }
  }
  const total = stages.reduce((sum, { cost }) => sum + cost, 0);
  return { makespan: now, lowerBound: Math.max(total / numWorkers, ...paths.values()), executions };
}

describe('the schedule', () => {
  it('executes every stage once, never before its inputs, whatever dies', () => {
    const setting = fc.record({
      seed: fc.nat(1_000_000),
      numStages: fc.integer({ min: 1, max: 60 }),
      numWorkers: fc.integer({ min: 1, max: 20 }),
      faultShare: fc.constantFrom(0, 0.1, 0.5),
    });
    fc.assert(
      fc.property(setting, (drawn) => {
        const { executions, makespan, lowerBound } = simulate(drawn);
        expect(executions.size).toBe(drawn.numStages);
        expect([...executions.values()].every((count) => count === 1)).toBe(true);
        expect(makespan).toBeGreaterThanOrEqual(lowerBound - 1e-6);
      }),
      { numRuns: 100, seed: 7 },
    );
  });

  it.each([1, 8, 64, 1000])(
    'of a thousand stages on %i workers keeps to the bound of list scheduling',
    (numWorkers) => {
      const quiet = simulate({ seed: 3, numStages: 1000, numWorkers, faultShare: 0 });
      const disturbed = simulate({ seed: 3, numStages: 1000, numWorkers, faultShare: 0.2 });
      const ratio = (each: Simulated): string => (each.makespan / each.lowerBound).toFixed(3);
      console.log(`${numWorkers} workers: makespan / lower bound ${ratio(quiet)}, with faults ${ratio(disturbed)}`);
      expect(quiet.makespan).toBeLessThanOrEqual(2 * quiet.lowerBound);
      expect(disturbed.executions.size).toBe(1000);
    },
  );
});
