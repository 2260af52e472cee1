// The schedule in virtual time: thousands of stages, up to ten thousand workers, workers that die. What list scheduling
// promises (Graham 1969) is asserted: without faults the end comes no later than the longest chain plus the work shared
// evenly. The ratio to the lower bound is printed. So is when the first seed is complete.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { criticalPaths, inTurn, nextItem, type Schedulable } from './schedule.ts';

interface Simulated {
  readonly makespan: number;
  readonly lowerBound: number;
  readonly executions: ReadonlyMap<string, number>;
  /** When all stages of the first seed were done, and the lower bound of that. */
  readonly firstSeed: { readonly end: number; readonly lowerBound: number };
}

interface Setting {
  readonly seed: number;
  readonly numStages: number;
  readonly numWorkers: number;
  /** Of all assignments, those whose worker dies half-way and comes back later. */
  readonly faultShare: number;
  readonly numSeeds: number;
}

/** Numbers in [0, 1) from a seed. */
function numbers(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function simulate({ seed, numStages, numWorkers, faultShare, numSeeds }: Setting): Simulated {
  const next = numbers(seed);
  type Stage = Schedulable & { state: Schedulable['state']; queued: number[] };
  const stages: Stage[] = [];
  for (let i = 0; i < numStages; i++) {
    const numInputs = Math.min(i, Math.floor(next() * 4));
    const inputs = new Set(Array.from({ length: numInputs }, () => `s${Math.floor(next() * i)}`));
    const places = [...inputs].map((key) => stages[Number(key.slice(1))]!.seedPlace);
    stages.push({
      key: `s${i}`,
      role: 'trainer',
      cost: 1 + Math.floor(next() * 99),
      inputs: [...inputs],
      // What a seed needs is needed by no earlier seed's stages.
      seedPlace: Math.max(Math.floor(next() * numSeeds), ...places),
      state: 'waiting',
      queued: [0],
    });
  }
  const byKey = new Map(stages.map((stage) => [stage.key, stage]));
  const turns = inTurn(stages);
  const executions = new Map<string, number>();
  const running: { readonly at: number; readonly stage: Stage | null }[] = [];
  let idle = numWorkers;
  let now = 0;
  let left = numStages;
  let firstSeedEnd = 0;
  const isReady = ({ state, queued, inputs }: Stage): boolean =>
    state === 'waiting' && queued.length > 0 && inputs.every((key) => byKey.get(key)!.state === 'succeeded');
  while (left > 0) {
    while (idle > 0) {
      const item = nextItem('trainer', turns);
      if (item === null) break;
      const stage = byKey.get(item.key)!;
      for (const input of stage.inputs) expect(byKey.get(input)!.state).toBe('succeeded');
      for (const other of stages)
        if (other.seedPlace < stage.seedPlace && isReady(other))
          throw new Error(`${stage.key} was given out before ${other.key} of an earlier seed`);
      stage.queued = [];
      idle--;
      if (next() < faultShare) {
        // Dies half-way; another takes its place at once.
        running.push({ at: now + stage.cost / 2, stage: null });
        const lost = stage;
        running[running.length - 1] = { at: now + stage.cost / 2, stage: { ...lost, key: `lost ${lost.key}` } };
      } else running.push({ at: now + stage.cost, stage });
    }
    expect(stages.some(isReady) && idle > 0, 'a worker waits for its seed').toBe(false);
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
      if (stage!.seedPlace === 0) firstSeedEnd = now;
    }
  }
  const total = stages.reduce((sum, { cost }) => sum + cost, 0);
  const first = stages.filter(({ seedPlace }) => seedPlace === 0);
  const firstWork = first.reduce((sum, { cost }) => sum + cost, 0);
  const firstSeed = {
    end: firstSeedEnd,
    lowerBound: Math.max(firstWork / numWorkers, ...criticalPaths(first).values()),
  };
  return {
    makespan: now,
    lowerBound: Math.max(total / numWorkers, ...criticalPaths(stages).values()),
    executions,
    firstSeed,
  };
}

describe('the schedule', () => {
  it('executes every stage once, never before its inputs, whatever dies', () => {
    const setting = fc.record({
      seed: fc.nat(1_000_000),
      numStages: fc.integer({ min: 1, max: 60 }),
      numWorkers: fc.integer({ min: 1, max: 20 }),
      faultShare: fc.constantFrom(0, 0.1, 0.5),
      numSeeds: fc.integer({ min: 1, max: 4 }),
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

  it.each([
    [1000, 1],
    [1000, 8],
    [1000, 64],
    [1000, 1000],
    [3000, 10_000],
  ])('of %i stages on %i workers keeps to the bound of list scheduling', (numStages, numWorkers) => {
    const quiet = simulate({ seed: 3, numStages, numWorkers, faultShare: 0, numSeeds: 1 });
    const disturbed = simulate({ seed: 3, numStages, numWorkers, faultShare: 0.2, numSeeds: 1 });
    const ratio = (each: Simulated): string => (each.makespan / each.lowerBound).toFixed(3);
    console.log(`${numWorkers} workers: makespan / lower bound ${ratio(quiet)}, with faults ${ratio(disturbed)}`);
    expect(quiet.makespan).toBeLessThanOrEqual(2 * quiet.lowerBound);
    expect(disturbed.executions.size).toBe(numStages);
  });

  it.each([1, 2, 8])(
    'on %i workers completes the first of three seeds before it goes far with the next',
    (numWorkers) => {
      const { firstSeed, makespan, lowerBound } = simulate({
        seed: 3,
        numStages: 300,
        numWorkers,
        faultShare: 0,
        numSeeds: 3,
      });
      const share = (firstSeed.end / makespan).toFixed(2);
      console.log(
        `${numWorkers} workers: first seed complete after ${share} of the time, ` +
          `${(firstSeed.end / firstSeed.lowerBound).toFixed(3)} of its bound; makespan ${(makespan / lowerBound).toFixed(3)}`,
      );
      // List scheduling's bound, and a stage of a later seed that each worker may have begun.
      expect(firstSeed.end).toBeLessThanOrEqual(2 * firstSeed.lowerBound + 100);
      expect(makespan).toBeLessThanOrEqual(2 * lowerBound);
    },
  );
});
