// A gang in one process, joined and left at every possible moment.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, type ShardRange } from '@calm-orch/core';
import type { Values } from '@calm-orch/engine';
import type { TrainingState } from '@calm-orch/model';
import type { TensorPlane } from '@calm-orch/rpc';
import { afterEach, describe, expect, it } from 'vitest';
import { loadNewestCheckpoint } from '../training/checkpoint.ts';
import { Club, dir, inputsOf, newStep, training, wide, type Change } from './gang-club.test-util.ts';
import { finished, joinAndLeave, lossesOf, trainAlone } from './gang-joins.test-util.ts';
import { learningRateAt } from '../training/schedule.ts';
import type { StepInputs } from '../training/train-loop.ts';
import { snapshot } from '../training/state.test-util.ts';

const nothing: Change = {};
let change = nothing;
afterEach(() => void (change = nothing));

/** One trainer's result, computed once for each change. */
const results = new Map<Change, ReturnType<typeof trainAlone>>();
function alone(): ReturnType<typeof trainAlone> {
  const result = results.get(change) ?? trainAlone(change);
  results.set(change, result);
  return result;
}

describe('a gang of 3', () => {
  const off = {
    maxGradientNorm: null,
    weightDecay: 0,
    accumulation: 1,
    recompute: 'none',
    precision: 'fp32',
  } as const satisfies Partial<NonNullable<Change['options']>>;
  it.each<[string, Change]>([
    ['clipped gradients and weight decay', { options: { ...off, maxGradientNorm: 0.1, weightDecay: 0.1 } }],
    ['accumulation', { options: { ...off, maxGradientNorm: 0.1, accumulation: 4 } }],
    ['layers computed again and bfloat16', { options: { ...off, recompute: 'layers', precision: 'bf16' } }],
    ['low-rank factors', { lora: { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj', 'down_proj'] } }],
  ])('trains to the bits of one trainer with %s', async (_, what) => {
    const plain = await alone();
    change = what;
    const { state } = await alone();
    expect(state).not.toEqual(plain.state);
    const club = new Club(3, { change });
    for (let i = 0; i < 3; i++) await club.add();
    expect(snapshot((await finished(club)).sharded.state())).toEqual(state);
  });
});

it.each(['replicated', 'partitioned'] as const)(
  'members of a %s gang read photographs of their own shards alone',
  async (optimizer) => {
    const { state } = await alone();
    const club = new Club(3, { optimizer });
    const shares = new Set<string>();
    /** No number stands for a photograph of another's shards. */
    const ownAlone = (step: number, { first, end }: ShardRange): StepInputs => {
      shares.add(`${first}-${end}`);
      const { inputs, ...given } = inputsOf(step);
      const states = Object.entries(inputs).filter(([key]) => key.startsWith('image0_'));
      for (const [, values] of states) {
        const perShard = values.length / 8;
        values.fill(NaN, 0, first * perShard).fill(NaN, end * perShard);
      }
      return { ...given, inputs };
    };
    for (let i = 0; i < 3; i++) await club.add({ inputs: ownAlone });
    expect(snapshot((await finished(club)).sharded.state())).toEqual(state);
    expect([...shares].sort()).toEqual(['0-2', '2-5', '5-8']);
  },
);

type Poisoned = Record<string, Values> & { readonly weights: Float32Array };

/** Weighs two tokens of sample 10 so that their losses cancel and their gradients are too large. */
function balance(inputs: Poisoned, state: TrainingState): void {
  const { weights } = inputs;
  const lossOf = (token: number): number => {
    const probe = newStep();
    probe.setState(state);
    weights.fill(0)[30 + token] = 1;
    const loss = probe.run('answer', inputs, { step: 7, learningRate: 0 });
    probe.dispose();
    return loss;
  };
  const [first, second] = [lossOf(0), lossOf(1)];
  weights.fill(0).set([1e23, (-1e23 * first) / second], 30);
}

describe.each(['replicated', 'partitioned'] as const)('a gang with its optimizer %s', (optimizer) => {
  it('of 3 trains to the bits of one trainer, in shared memory', async () => {
    const { state, losses } = await alone();
    const club = new Club(3, { optimizer });
    for (let i = 0; i < 3; i++) await club.add();
    const first = await finished(club);
    expect(snapshot(first.sharded.state())).toEqual(state);
    expect(lossesOf(first).slice(-3)).toEqual(losses.slice(-3));
  });

  it('trains to the same bits where members share files that some of them map and others read', async () => {
    change = wide;
    const { state } = await alone();
    const club = new Club(3, { optimizer, change });
    for (let i = 0; i < 3; i++) await club.add({ maps: i !== 1 });
    expect(snapshot((await finished(club)).sharded.state())).toEqual(state);
    expect(club.notes).toEqual([]);
  });

  it('streams tensors between hosts to the same bits', async () => {
    const { state } = await alone();
    const club = new Club(2, { optimizer, change });
    for (let i = 0; i < 2; i++) await club.add({ sharedMemory: null });
    expect(snapshot((await finished(club)).sharded.state())).toEqual(state);
  });

  it.each(['none', 'file'])('streams them to the same bits where shared memory cannot be used (%s)', async (name) => {
    change = wide;
    const { state } = await alone();
    writeFileSync(join(dir, 'file'), '');
    const club = new Club(2, { optimizer, change });
    for (let i = 0; i < 2; i++) await club.add({ sharedMemory: join(dir, name) });
    expect(snapshot((await finished(club)).sharded.state())).toEqual(state);
    expect(club.notes).toEqual(Array(2).fill(expect.stringContaining('are streamed')));
  });

  it.each([
    [
      'loss that is no number',
      (inputs: Poisoned) => inputs.weights.fill(NaN, 30, 33),
      'is NaN at step 7 (samples s7-10, s7-11);',
    ],
    ['gradient that is not finite', balance, 'and its gradient not finite at step 7 (samples s7-0, s7-1,'],
  ])('ends at a %s, in all members alike, and saves no state after it', async (_, poison, reason) => {
    const before = newStep();
    for (let step = 0; step < 7; step++)
      before.run('answer', inputsOf(step).inputs, { step, learningRate: learningRateAt(step, training) });
    const { name, inputs, samples } = inputsOf(7);
    poison(inputs as Poisoned, before.state());
    const club = new Club(2, { optimizer, change });
    const poisoned = (step: number) => (step === 7 ? { name, inputs, samples } : inputsOf(step));
    const members = [await club.add({ inputs: poisoned }), await club.add({ inputs: poisoned })];
    for (const ended of await Promise.all(members.map((member) => member.ended))) expect(ended).toContain(reason);
    const newest = loadNewestCheckpoint(club.checkpointDir);
    if (optimizer === 'replicated')
      expect([newest?.step, snapshot(newest!.state)]).toEqual([7, snapshot(before.state())]);
    // No member has the whole state: a retry goes on from the checkpoint before.
    else expect(newest?.step).toBe(0);
    before.dispose();
  });

  it('pulls again what did not come, to the same bits, in the roster it has', async () => {
    const { state } = await alone();
    const rosters = new Set<number>();
    // The last step is told when the first may have finished and gone.
    const onStep = (step: number): unknown => step < training.steps - 1 && rosters.add(club.rosters.length);
    const club: Club = new Club(2, { optimizer, onStep });
    let numPulls = 0;
    const lossy = ({ pull }: TensorPlane): TensorPlane['pull'] => {
      return (...what) =>
        ++numPulls % 5 === 0 ? Promise.reject(new CalmError('unavailable', 'connection reset')) : pull(...what);
    };
    for (let i = 0; i < 2; i++) await club.add({ pulledBy: lossy });
    expect(snapshot((await finished(club)).sharded.state())).toEqual(state);
    expect([...rosters]).toEqual([1]);
  });

  it('goes on to the same bits when members join and leave at any step', async () => {
    await joinAndLeave(optimizer, 1, await alone(), { maxBucketBytes: 1024 });
  }, 600_000);
});
