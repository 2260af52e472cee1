// A step of a gang whose members each hold all of the optimizer's state: one exchange, of the sums of gradients; every
// member adds them and updates all weights.
import { combineSignals, shardRange } from '@calm-orch/core';
import { areFinite, combineBlocks, NonFiniteStep, sumOfLosses, type BlockSum, type StepAt } from '@calm-orch/model';
import {
  blockSums,
  cutShards,
  digestOfStep,
  numbersPerDigest,
  type GangStepOptions,
  type Inputs,
  type StepDone,
} from './gang-step.ts';
import type { FromPeers } from './gang-exchange.ts';

/** @throws what a pull threw, or NonFiniteStep; then nothing has changed */
export async function replicatedStep(
  { gang, exchange, roster, member, blocks: own, superseded }: GangStepOptions,
  name: string,
  inputs: Inputs,
  samples: Int32Array,
  at: StepAt,
  signal: AbortSignal,
): Promise<StepDone> {
  const { rank, members } = roster;
  const { numShards } = member;
  const ranges = members.map((_, r) => shardRange(numShards, members.length, r));
  const { first, end } = ranges[rank]!;
  const { own: inputsOfOwn, digests } = cutShards(inputs, samples, first, end, numShards);
  const accumulated = member.accumulate(name, inputsOfOwn, own);
  const { losses } = accumulated;
  const sums = accumulated.sums[0]!;
  const apply = (blocks: readonly BlockSum[], all: Float32Array, allDigests: readonly number[]): StepDone => {
    if (!areFinite(all) || !member.apply(combineBlocks(blocks, numShards), at)) throw new NonFiniteStep(all);
    return { loss: sumOfLosses(all), samples: digestOfStep(allDigests) };
  };
  if (members.length === 1) return apply(sums, losses, [...digests]);
  const tensor = `${roster.generation}/${at.step}`;
  gang.publish(tensor, losses, digests, ...sums.map(({ sum }) => sum));
  const either = combineSignals(superseded, signal);
  let pulled: FromPeers;
  try {
    pulled = await exchange.pullAll(roster, tensor, { signal: either.signal, reuse: 'sums' });
    // Computing on would leave a peer that asks a moment later waiting for the whole next step.
    await gang.taken(tensor, members.length - 1, either.signal);
  } finally {
    either.dispose();
  }
  // Who has published this step has all it needed before.
  gang.retire((kept) => kept === tensor);
  const allLosses: number[] = [];
  const allDigests: number[] = [];
  const blocks: BlockSum[] = [];
  ranges.forEach(({ first, end }, r) => {
    // Adding overwrites; a peer of a roster that has ended may still be pulling what was published.
    if (r === rank) blocks.push(...(superseded.aborted ? sums.map((s) => ({ ...s, sum: s.sum.slice() })) : sums));
    const theirs = pulled.get(r);
    const size = end - first;
    const head = (1 + numbersPerDigest) * size;
    if (theirs !== undefined) blocks.push(...blockSums(theirs.subarray(head), { first, end }));
    allLosses.push(...(theirs?.subarray(0, size) ?? losses));
    allDigests.push(...(theirs?.subarray(size, head) ?? digests));
  });
  return apply(blocks, Float32Array.from(allLosses), allDigests);
}
