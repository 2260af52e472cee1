// What a member saves of its gang's state: the numbers of its slice, whoever has more of them.
import { abortedAfter, combineSignals } from '@calm-orch/core';
import { between, sliceOf, type ShardedStep } from '@calm-orch/model';
import type { OwnPart } from '../training/checkpoint-writer.ts';
import { fromHalves, inHalves } from '../training/lineage.ts';
import { graceMs } from './gang-digest.ts';
import type { GangStepOptions } from './gang-step.ts';

type PartOptions = Omit<GangStepOptions, 'blocks' | 'member'> & { readonly member: Pick<ShardedStep, 'state'> };

/** Of the state after the steps done so far, in this roster; `areSlices`: a member has the moments of its slice alone. */
export function ownPart({ gang, exchange, roster, member, superseded }: PartOptions, areSlices: boolean): OwnPart {
  const { generation, rank, members } = roster;
  const { weights, firstMoment, secondMoment } = member.state();
  const slices = members.map((_, r) => sliceOf(weights.length, members.length, r));
  const { first, end } = slices[rank]!;
  const [m, v] = areSlices
    ? [firstMoment, secondMoment]
    : [between(firstMoment, first, end), between(secondMoment, first, end)];
  return {
    generation,
    rank,
    slices,
    state: { weights: between(weights, first, end), firstMoment: m, secondMoment: v },
    exchange: async (what, own, signal) => {
      const name = `${generation}/${what}/part`;
      const patience = abortedAfter(graceMs, superseded);
      const either = combineSignals(patience.signal, signal);
      try {
        gang.publish(name, Float32Array.from(own === null ? [] : inHalves(wordsOf(own))));
        const others = await exchange.pullAll(roster, name, { signal: either.signal });
        return members.map((_, r) => {
          const theirs = others.get(r);
          if (theirs === undefined) return own;
          return theirs.length === 0 ? null : hexOf(fromHalves(theirs));
        });
      } finally {
        either.dispose();
        patience.dispose();
      }
    },
  };
}

/** 64 hex digits as whole numbers of 32 bits, and back. */
const wordsOf = (hex: string): number[] => (hex.match(/.{8}/g) ?? []).map((word) => parseInt(word, 16));
const hexOf = (words: readonly number[]): string => words.map((word) => word.toString(16).padStart(8, '0')).join('');
