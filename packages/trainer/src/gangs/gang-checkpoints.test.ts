// What the members of a gang save together, and who goes on from it.
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointName, checkpointsIn } from '@calm-orch/core';
import { describe, expect, it, vi } from 'vitest';
import { loadNewestCheckpoint, removeCheckpointsAfter } from '../training/checkpoint.ts';
import { learningRateAt } from '../training/schedule.ts';
import type { StepInputs } from '../training/train-loop.ts';
import { snapshot, type Snapshot } from '../training/state.test-util.ts';
import { Club, dir, inputsOf, newStep, training, type Change } from './gang-club.test-util.ts';
import { finished, trainAlone } from './gang-joins.test-util.ts';

const change: Change = { maxBucketBytes: 1024 };

/** One trainer's state after so many steps. */
function stateAfter(steps: number): Snapshot {
  const alone = newStep(change);
  for (let step = 0; step < steps; step++)
    alone.run('answer', inputsOf(step).inputs, { step, learningRate: learningRateAt(step, training) });
  const state = snapshot(alone.state());
  alone.dispose();
  return state;
}

describe.each([
  ['replicated', 'host', 3, [1, 2, 4]],
  ['partitioned', 'host', 3, [1, 2, 4]],
  ['replicated', 'collective', 2, [4]],
] as const)('a gang with its optimizer %s, gradients added by %s', (optimizer, exchange, numMembers, sizes) => {
  it('saves a part each, which any number of trainers goes on from', async () => {
    const { state } = await trainAlone(change);
    const club = new Club(numMembers, { optimizer, exchange, change, checkpointEvery: 3 });
    // No disk is too slow for a checkpoint before the end.
    const inputs = async (step: number): Promise<StepInputs> => {
      if (step === training.steps - 2) await vi.waitUntil(() => checkpointsIn(club.checkpointDir).length > 0, 60_000);
      return inputsOf(step);
    };
    for (let i = 0; i < numMembers; i++) await club.add({ inputs });
    expect(snapshot((await finished(club)).sharded.state())).toEqual(state);
    // There may be one of the end, too.
    removeCheckpointsAfter(club.checkpointDir, training.steps - 1);
    const [newest] = checkpointsIn(club.checkpointDir);
    expect(newest).toBeGreaterThan(0);
    expect(newest).toBeLessThan(training.steps);
    const parts = readdirSync(club.checkpointDir).filter((name) => name.startsWith(checkpointName(newest!)));
    expect(parts.filter((name) => name.endsWith('.safetensors'))).toHaveLength(numMembers);
    expect(parts).toContain(`${checkpointName(newest!)}.1-00001-of-0000${numMembers}.safetensors`);
    expect(snapshot(loadNewestCheckpoint(club.checkpointDir)!.state)).toEqual(stateAfter(newest!));
    for (const size of sizes) {
      const checkpointDir = join(dir, `from-${size}`);
      cpSync(club.checkpointDir, checkpointDir, { recursive: true });
      const steps = new Set<number>();
      const next = new Club(size, { optimizer, exchange, change, checkpointDir, onStep: (step) => steps.add(step) });
      for (let i = 0; i < size; i++) await next.add();
      expect(snapshot((await finished(next)).sharded.state())).toEqual(state);
      expect(Math.min(...steps)).toBe(newest);
    }
  });
});
