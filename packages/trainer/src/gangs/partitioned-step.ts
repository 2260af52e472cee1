// A step of a gang whose members each keep the optimizer's state of a slice: two exchanges, of the sums of gradients for
// each other's slice, and of the updated slices. Once a member has updated its slice there is no way back, so a step is
// finished in the roster it was begun in, and members leave a roster together, after a step in which one of them asked
// for it. Whoever is lost takes its slice along: the others go back to the newest checkpoint.
import { abortedAfter, shardRange } from '@calm-orch/core';
import {
  areFinite,
  combineBlocks,
  NonFiniteStep,
  sumOfLosses,
  type StepAt,
  type TrainingState,
} from '@calm-orch/model';
import { blockSums, cutShards, digestOfStep, type GangStepOptions, type Inputs, type StepDone } from './gang-step.ts';
import { graceMs } from './gang-digest.ts';
import type { FromPeers } from './gang-exchange.ts';

/** What members ask of each other with a step, a bit each. */
export const wishes = { leave: 1, state: 2 } as const;

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
  { gang, exchange, roster, member, blocks, superseded }: GangStepOptions,
  name: string,
  inputs: Inputs,
  samples: Int32Array,
  at: StepAt & { readonly wish: number; readonly isLast: boolean },
  signal: AbortSignal,
): Promise<PartitionedResult> {
  const { rank, members, generation } = roster;
  const { numShards } = member;
  const ranges = members.map((_, r) => shardRange(numShards, members.length, r));
  const base = `${generation}/${at.step}`;
  const patience = abortedAfter(graceMs, superseded, signal);
  const pullAll = (of: string, reuse?: string) =>
    exchange.pullAll(roster, `${base}/${of}`, { signal: patience.signal, ...(reuse !== undefined && { reuse }) });
  try {
    const { first, end } = ranges[rank]!;
    const { own: ownInputs, digests: ownDigests } = cutShards(inputs, samples, first, end, numShards);
    const { losses, sums } = member.accumulate(name, ownInputs, blocks);
    const others = [...members.keys()].filter((r) => r !== rank);
    for (const r of others) gang.publish(`${base}/sums-${r}`, ...sums[r]!.map(({ sum }) => sum));
    gang.publish(`${base}/head`, Float32Array.of(at.wish, ...losses, ...ownDigests));
    const [heads, received] = await Promise.all([pullAll('head'), pullAll(`sums-${rank}`, 'sums')]);
    // Who has begun this step has all it needed of those before.
    gang.retire((kept) => kept.startsWith(`${base}/`));
    const ofShards = members.map((_, r) => heads.get(r)?.subarray(1));
    const sizes = ranges.map(({ first, end }) => end - first);
    const allLosses = Float32Array.from(
      ofShards.flatMap((theirs, r) => [...(theirs?.subarray(0, sizes[r]) ?? losses)]),
    );
    const allDigests = ofShards.flatMap((theirs, r) => [...(theirs?.subarray(sizes[r]) ?? ownDigests)]);
    if (!areFinite(allLosses)) {
      // Who throws here serves no longer, and all are to.
      const taken = others.map((r) => gang.taken(`${base}/sums-${r}`, 1, patience.signal));
      await Promise.all([gang.taken(`${base}/head`, members.length - 1, patience.signal), ...taken]);
      throw new NonFiniteStep(allLosses);
    }
    // Nothing instead of a slice: its gradient is not finite.
    const all = ranges.flatMap((range, r) => (r === rank ? sums[r]! : blockSums(received.get(r)!, range)));
    const own = member.apply(combineBlocks(all, numShards), at) ? member.sliceWeights() : new Float32Array(0);
    gang.publish(`${base}/weights`, own);
    const updated = await pullAll('weights', 'weights');
    // As in replicated-step.ts: who computes answers nobody.
    await gang.taken(`${base}/weights`, members.length - 1, patience.signal);
    if ([own, ...updated.values()].some(({ length }) => length === 0)) throw new NonFiniteStep(allLosses);
    member.setSlices(updated);
    const wish = [...heads.values()].reduce((all, [theirs]) => all | theirs!, at.wish);
    const leaves = (wish & wishes.leave) !== 0;
    const gathers = leaves || at.isLast;
    const result = { loss: sumOfLosses(allLosses), samples: digestOfStep(allDigests), leaves };
    if (!gathers && (wish & wishes.state) === 0) return { ...result, state: null };

    const ownState = member.state();
    gang.publish(`${base}/moments`, ownState.firstMoment, ownState.secondMoment);
    if (!gathers && (at.wish & wishes.state) === 0) return { ...result, state: null };
    const state = wholeState(ownState, await pullAll('moments'), members.length);
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

function wholeState(own: TrainingState, theirs: FromPeers, numMembers: number): TrainingState {
  const slices = (which: 0 | 1): Float32Array => {
    const whole = new Float32Array(own.weights.length);
    let offset = 0;
    for (let r = 0; r < numMembers; r++) {
      const both = theirs.get(r);
      const size = (both?.length ?? 0) / 2;
      const slice = both?.subarray(which * size, (which + 1) * size) ?? [own.firstMoment, own.secondMoment][which]!;
      whole.set(slice, offset);
      offset += slice.length;
    }
    return whole;
  };
  return { weights: own.weights, firstMoment: slices(0), secondMoment: slices(1) };
}
