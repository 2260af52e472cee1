// A step of a gang whose members each hold all of the optimizer's state: one exchange, of the sums of gradients; every
// member adds them and updates all weights.
import { combineSignals, shardRange } from '@calm-orch/core';
import { areFinite, NonFiniteStep, sumOfLosses } from '@calm-orch/model';
import {
  cutShards,
  digestOfStep,
  numbersPerDigest,
  type GangStepAt,
  type GangStepOptions,
  type Inputs,
  type StepDone,
} from './gang-step.ts';
import { isAnswer } from './gang-meeting.ts';
import { exchangeSums } from './gang-sums.ts';

/** @throws what a pull threw, or NonFiniteStep; then nothing has changed */
export async function replicatedStep(
  { gang, exchange, roster, member, blocks: own, superseded }: GangStepOptions,
  name: string,
  inputs: Inputs,
  samples: Int32Array,
  at: GangStepAt,
  signal: AbortSignal,
): Promise<StepDone> {
  const { rank, members } = roster;
  const { numShards } = member;
  const ranges = members.map((_, r) => shardRange(numShards, members.length, r));
  const { first, end } = ranges[rank]!;
  const { own: inputsOfOwn, digests } = cutShards(inputs, samples, first, end, numShards);
  const { losses, sums } = member.accumulate(name, inputsOfOwn, own);
  const tensor = `${roster.generation}/${at.step}`;
  const head = Float32Array.of(at.wish, ...losses, ...digests);
  const heads = ranges.map(({ first, end }) => 1 + (1 + numbersPerDigest) * (end - first));
  const either = combineSignals(superseded, signal);
  try {
    const options = { gang, exchange, roster, numShards, signal: either.signal };
    const all = await exchangeSums(options, tensor, head, sums, heads);
    const headsByRank = members.map((_, r) => all.heads.get(r) ?? head);
    // Who has published this step has all it needed before.
    gang.retire((kept) => kept.startsWith(`${tensor}/`) || isAnswer(kept));
    const parts = headsByRank.map((each, r) => {
      const size = ranges[r]!.end - ranges[r]!.first;
      return { wish: each[0]!, losses: each.subarray(1, 1 + size), digests: each.subarray(1 + size) };
    });
    const allLosses = Float32Array.from(parts.flatMap((part) => [...part.losses]));
    if (!areFinite(allLosses) || !member.apply(all.sums, at)) throw new NonFiniteStep(allLosses);
    return {
      loss: sumOfLosses(allLosses),
      wished: parts.reduce((all, { wish }) => all | wish, 0),
      samples: digestOfStep(parts.flatMap((part) => [...part.digests])),
    };
  } finally {
    either.dispose();
  }
}
