// A step of a gang whose members each keep the optimizer's state of a slice: two exchanges, of the sums of gradients for
// each other's slice, and of the updated slices. Once a member has updated its slice there is no way back, so a step is
// finished in the roster it was begun in, and members leave a roster together, after a step in which one of them asked
// for it. Whoever is lost takes its slice along: the others go back to the newest checkpoint.
import { abortedAfter, CalmError, shardRange } from '@calm-orch/core';
import { areFinite, NonFiniteStep, numbersOf, sumOfLosses, type Numbers, type TrainingState } from '@calm-orch/model';
import {
  cutShards,
  digestOfStep,
  wishes,
  type GangStepAt,
  type GangStepOptions,
  type Inputs,
  type StepDone,
} from './gang-step.ts';
import { graceMs } from './gang-digest.ts';
import { isAnswer } from './gang-meeting.ts';
import { sumBuckets } from './gang-sums.ts';

export interface PartitionedResult extends StepDone {
  /** After the step, where members gather it: all leave the roster, or it is the last. */
  readonly state: TrainingState | null;
}

/** `isLast`: all gather the whole state, as where one asks to leave. @throws what a pull threw, or NonFiniteStep; then the gang's state is lost */
export async function partitionedStep(
  { gang, exchange, roster, member, blocks, superseded }: GangStepOptions,
  name: string,
  inputs: Inputs,
  samples: Int32Array,
  at: GangStepAt & { readonly isLast: boolean },
  signal: AbortSignal,
): Promise<PartitionedResult> {
  const { rank, members, generation } = roster;
  const { numShards } = member;
  const ranges = members.map((_, r) => shardRange(numShards, members.length, r));
  const base = `${generation}/${at.step}`;
  const patience = abortedAfter(graceMs, superseded, signal);
  const pullAll = (of: string) => exchange.pullAll(roster, `${base}/${of}`, { signal: patience.signal });
  try {
    const { first, end } = ranges[rank]!;
    const { own: ownInputs, digests: ownDigests } = cutShards(inputs, samples, first, end, numShards);
    const { losses, sums } = member.accumulate(name, ownInputs, blocks);
    const others = [...members.keys()].filter((r) => r !== rank);
    const bucketsOf = (r: number): number[] => [...member.buckets.keys()].filter((b) => member.buckets[b]!.rank === r);
    const own = bucketsOf(rank);
    /** Of all peers side by side, bucket by bucket. */
    const fromOthers = async (take: (peer: string, bucket: number) => Promise<void>): Promise<void> => {
      const taking = others.map(async (r) => {
        for (const b of bucketsOf(r)) await take(members[r]!, b);
      });
      await Promise.all(taking);
    };
    const sumsName = (b: number): string => `${base}/sums/${b}`;
    const weightsName = (b: number): string => `${base}/weights/${b}`;
    const given = others.flatMap(bucketsOf);
    for (const b of given) gang.publish(sumsName(b), ...sums[b]!.map(({ sum }) => sum));
    gang.publish(`${base}/head`, Float32Array.of(at.wish, ...losses, ...ownDigests));
    const options = { gang, exchange, roster, numShards, signal: patience.signal };
    const [heads, summed] = await Promise.all([
      pullAll('head'),
      sumBuckets(
        options,
        own.map((b) => ({ name: sumsName(b), own: sums[b]!, numTakers: 0 })),
      ),
    ]);
    // Who has begun this step has all it needed of those before.
    gang.retire((kept) => kept.startsWith(`${base}/`) || isAnswer(kept));
    const ofShards = members.map((_, r) => heads.get(r)?.subarray(1));
    const sizes = ranges.map(({ first, end }) => end - first);
    const allLosses = Float32Array.from(
      ofShards.flatMap((theirs, r) => [...(theirs?.subarray(0, sizes[r]) ?? losses)]),
    );
    const allDigests = ofShards.flatMap((theirs, r) => [...(theirs?.subarray(sizes[r]) ?? ownDigests)]);
    if (!areFinite(allLosses)) {
      // Who throws here serves no longer, and all are to.
      const taken = given.map((b) => gang.taken(sumsName(b), 1, patience.signal));
      await Promise.all([gang.taken(`${base}/head`, members.length - 1, patience.signal), ...taken]);
      throw new NonFiniteStep(allLosses);
    }
    const gradient = summed.map(({ sum }) => sum);
    let isApplied = member.apply(gradient, at);
    // Nothing instead of weights: the gradient of their slice is not finite.
    for (const b of own) gang.publish(weightsName(b), isApplied ? member.bucketWeights(b) : new Float32Array(0));
    await fromOthers(async (peer, b) => {
      const { first, end } = member.buckets[b]!;
      const memory = exchange.memory(`weights/${b}`, end - first);
      const { values, isIntact } = await gang.view(peer, weightsName(b), patience.signal, memory);
      if (values.length > 0) member.setBucketWeights(b, values);
      else isApplied = false;
      if (!isIntact()) throw new CalmError('io', `weights ${b} of ${peer} were written over as they were read`);
    });
    // As in gang-sums.ts: who computes answers nobody.
    for (const b of own) await gang.taken(weightsName(b), members.length - 1, patience.signal);
    if (!isApplied) throw new NonFiniteStep(allLosses);
    const wished = [...heads.values()].reduce((all, [theirs]) => all | theirs!, at.wish);
    const result = { loss: sumOfLosses(allLosses), samples: digestOfStep(allDigests), wished };
    if ((wished & wishes.leave) === 0 && !at.isLast) return { ...result, state: null };

    const { weights, firstMoment, secondMoment } = member.state();
    const momentsName = (b: number): string => `${base}/moments/${b}`;
    own.forEach((b, i) => gang.offer(momentsName(b), () => [firstMoment.piece(i), secondMoment.piece(i)]));
    const moments = member.buckets.map((): Float32Array => new Float32Array(0));
    await fromOthers(async (peer, b) => {
      moments[b] = await gang.pull(peer, momentsName(b), patience.signal);
    });
    const half = (which: 0 | 1, mine: Numbers): Numbers =>
      numbersOf(
        moments.map((both, b) => {
          const size = both.length / 2;
          return own.includes(b) ? mine.piece(own.indexOf(b)) : both.subarray(which * size, (which + 1) * size);
        }),
      );
    // Copies: a step that fails after it has changed its slice needs them.
    const state = {
      weights: numbersOf([...weights]),
      firstMoment: half(0, firstMoment),
      secondMoment: half(1, secondMoment),
    };
    // Nobody goes before all have what they need of it; who dies now is missed by nobody.
    gang.publish(`${base}/taken`, Float32Array.of(1));
    await pullAll('taken').catch(() => {});
    return { ...result, state };
  } finally {
    patience.dispose();
  }
}
