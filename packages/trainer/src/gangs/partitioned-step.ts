// A step of a gang whose members each keep the optimizer's state of a slice: two exchanges, of the sums of gradients for
// each other's slice, and of the updated slices. Once a member has updated its slice there is no way back, so a step is
// finished in the roster it was begun in, and members leave a roster together, after a step in which one of them asked
// for it. Whoever is lost takes its slice along: the others go back to the newest checkpoint.
import { abortedAfter, shardRange, type Gang, type Roster } from '@calm-orch/core';
import { areFinite, NonFiniteStep, sumOfLosses, type PartitionedProgram, type TrainingState } from '@calm-orch/model';
import { checkEvery, cutShards, digestOfStep, type Inputs, type StepAt, type StepDone } from './gang-step.ts';
import type { Exchange } from './gang-exchange.ts';
import { digest, expelUnlessAgreed } from './gang-state.ts';

/** How long a member waits for peers that the coordinator no longer counts among its gang. */
const graceMs = 5000;

/** What members ask of each other with a step, a bit each. */
export const wishes = { leave: 1, state: 2 } as const;

export interface PartitionedOptions {
  readonly gang: Gang;
  readonly exchange: Exchange;
  readonly roster: Roster;
  readonly program: PartitionedProgram;
  readonly numShards: number;
  /** Aborted as soon as there is a newer roster. */
  readonly superseded: AbortSignal;
}

export interface PartitionedResult extends StepDone {
  /** All members leave this roster now. */
  readonly leaves: boolean;
  /** After the step, where this member has gathered it. */
  readonly state: TrainingState | null;
}

/**
 * `wish`: `leave` makes all members leave the roster after the step, `state` gives this member the whole state;
 * `isLast`: all gather it. @throws what a pull threw, or NonFiniteStep; then the gang's state is lost
 */
export async function partitionedStep(
  { gang, exchange, roster, program, numShards, superseded }: PartitionedOptions,
  name: string,
  inputs: Inputs,
  samples: Int32Array,
  at: StepAt & { readonly wish: number; readonly isLast: boolean },
  signal: AbortSignal,
): Promise<PartitionedResult> {
  const { rank, members, generation } = roster;
  const ranges = members.map((_, r) => shardRange(numShards, members.length, r));
  const base = `${generation}/${at.step}`;
  const patience = abortedAfter(graceMs, superseded, signal);
  const pullAll = (of: string, reuse?: string) =>
    exchange.pullAll(roster, `${base}/${of}`, { signal: patience.signal, ...(reuse !== undefined && { reuse }) });
  try {
    const check = at.step % checkEvery === 0 ? digest(program.weights()) : [];
    const { first, end } = ranges[rank]!;
    const { own: ownInputs, digests: ownDigests } = cutShards(inputs, samples, first, end, numShards);
    const { losses, parts } = program.gradients(name, ownInputs);
    for (const [r, part] of parts) gang.publish(`${base}/sums-${r}`, part);
    gang.publish(`${base}/head`, Float32Array.of(at.wish, ...check, ...losses, ...ownDigests));
    const [heads, sums] = await Promise.all([pullAll('head'), pullAll(`sums-${rank}`, 'sums')]);
    // Who has begun this step has all it needed of those before.
    gang.retire((kept) => kept.startsWith(`${base}/`));
    const digests = members.map((_, r) => heads.get(r)?.subarray(1, 1 + check.length) ?? check);
    expelUnlessAgreed(rank, digests, at.step);

    const ofShards = members.map((_, r) => heads.get(r)?.subarray(1 + check.length));
    const sizes = ranges.map(({ first, end }) => end - first);
    const allLosses = Float32Array.from(
      ofShards.flatMap((theirs, r) => [...(theirs?.subarray(0, sizes[r]) ?? losses)]),
    );
    const allDigests = ofShards.flatMap((theirs, r) => [...(theirs?.subarray(sizes[r]) ?? ownDigests)]);
    if (!areFinite(allLosses)) {
      // Who throws here serves no longer, and all are to.
      const sums = [...parts.keys()].map((r) => gang.taken(`${base}/sums-${r}`, 1, patience.signal));
      await Promise.all([gang.taken(`${base}/head`, members.length - 1, patience.signal), ...sums]);
      throw new NonFiniteStep(allLosses);
    }
    // Nothing instead of a slice: its gradient is not finite.
    const own = program.update(sums, at) ?? new Float32Array(0);
    gang.publish(`${base}/weights`, own);
    const updated = await pullAll('weights', 'weights');
    // As in replicated-step.ts: who computes answers nobody.
    await gang.taken(`${base}/weights`, members.length - 1, patience.signal);
    if ([own, ...updated.values()].some(({ length }) => length === 0)) throw new NonFiniteStep(allLosses);
    program.complete(updated);
    const wish = [...heads.values()].reduce((all, [theirs]) => all | theirs!, at.wish);
    const leaves = (wish & wishes.leave) !== 0;
    const gathers = leaves || at.isLast;
    const result = { loss: sumOfLosses(allLosses), samples: digestOfStep(allDigests), leaves };
    if (!gathers && (wish & wishes.state) === 0) return { ...result, state: null };

    const moments = program.moments();
    gang.publish(`${base}/moments`, ...moments);
    if (!gathers && (at.wish & wishes.state) === 0) return { ...result, state: null };
    const state = wholeState(program, moments, await pullAll('moments'), members.length);
    if (gathers) {
      // Nobody goes before all have what they need of it; who dies now is missed by nobody.
      gang.publish(`${base}/taken`, Float32Array.of(1));
      await pullAll('taken').catch(() => {});
    }
    return { ...result, state };
  } finally {
    patience.dispose();
  }
}

function wholeState(
  program: PartitionedProgram,
  own: readonly [Float32Array, Float32Array],
  theirs: ReadonlyMap<number, Float32Array>,
  numMembers: number,
): TrainingState {
  const weights = program.weights();
  const moment = (which: 0 | 1): Float32Array => {
    const whole = new Float32Array(weights.length);
    let offset = 0;
    for (let r = 0; r < numMembers; r++) {
      const both = theirs.get(r);
      const size = both === undefined ? own[which].length : both.length / 2;
      whole.set(both === undefined ? own[which] : both.subarray(which * size, (which + 1) * size), offset);
      offset += size;
    }
    return whole;
  };
  return { weights, firstMoment: moment(0), secondMoment: moment(1) };
}
