// The digest of a gang's state between two steps. Members compare what they have in common: replicas all of it, those of a
// partitioned optimizer the weights; what each has of the moments adds up to the digest a replica has.
import { abortedAfter } from '@calm-orch/core';
import { wholeDigest, type PartialDigest, type ShardedStep } from '@calm-orch/model';
import { assertAgreed } from './gang-state.ts';
import type { GangStepOptions } from './gang-step.ts';

/** How long a member waits for peers that the coordinator no longer counts among its gang. */
export const graceMs = 5000;

/** Numbers of a digest that are of weights. */
const numOfWeights = 8;

type DigestOptions = Omit<GangStepOptions, 'blocks' | 'member'> & { readonly member: Pick<ShardedStep, 'digest'> };

/**
 * Of the state after `step` steps, which every member asks for once in a roster; 32 hex digits. @throws StateDiffers, or
 * what a pull threw
 */
export async function gangDigest(
  { gang, exchange, roster, member, superseded }: DigestOptions,
  areSlices: boolean,
  step: number,
  signal: AbortSignal,
): Promise<string> {
  const { members, generation } = roster;
  const own: PartialDigest = member.digest();
  if (members.length === 1) return wholeDigest([own]);
  // Who sees a difference leaves, which ends the roster of those that have not seen it yet: they are to see it, too.
  const patience = abortedAfter(graceMs, superseded, signal);
  const name = `${generation}/${step}/digest`;
  try {
    gang.publish(name, own);
    const pulled = await exchange.pullAll(roster, name, { signal: patience.signal });
    // Who compares has told everybody.
    await gang.taken(name, members.length - 1, patience.signal);
    const parts = members.map((_, r) => pulled.get(r) ?? own);
    const common = areSlices ? parts.map((part) => part.subarray(0, numOfWeights)) : parts;
    assertAgreed(common, step);
    return wholeDigest(areSlices ? parts : [own]);
  } finally {
    patience.dispose();
  }
}
