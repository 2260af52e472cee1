// A step of a gang whose members add gradients in the graph. What waits for peers is given up as soon as there is a newer
// roster; it changes nothing until all is added, and then every member updates all weights by itself.
import { CalmError, combineSignals, shardRange, type Gang, type Roster } from '@calm-orch/core';
import { areFinite, NonFiniteStep, sumOfLosses, type ClusterStep } from '@calm-orch/model';
import {
  cutShards,
  digestOfStep,
  numbersPerDigest,
  toldPerShard,
  type GangStepAt,
  type Inputs,
  type StepDone,
} from './gang-step.ts';

export interface CollectiveStepOptions {
  readonly gang: Gang;
  readonly roster: Roster;
  readonly member: ClusterStep;
  readonly superseded: AbortSignal;
}

/** @throws CalmError `unavailable` when a peer is gone and there is no newer roster, or NonFiniteStep; nothing has changed */
export async function collectiveStep(
  { gang, roster: { rank, members, generation }, member, superseded }: CollectiveStepOptions,
  name: string,
  inputs: Inputs,
  samples: Int32Array,
  at: GangStepAt,
  signal: AbortSignal,
): Promise<StepDone> {
  const { numShards } = member;
  const { first, end } = shardRange(numShards, members.length, rank);
  const { own, digests } = cutShards(inputs, samples, first, end, numShards);
  const told = new Float32Array(toldPerShard * numShards);
  const numDigests = numbersPerDigest * numShards;
  told.set(digests, numbersPerDigest * first);
  told[numDigests + first] = at.wish;
  const either = combineSignals(superseded, signal);
  const giveUp = (): void => member.giveUp();
  either.signal.addEventListener('abort', giveUp);
  try {
    either.signal.throwIfAborted();
    const all = await gang.waiting(member.together(name, own, told));
    if (!areFinite(all.losses) || !member.apply(at)) throw new NonFiniteStep(all.losses);
    return {
      loss: sumOfLosses(all.losses),
      wished: all.told.subarray(numDigests).reduce((asked, wish) => asked | wish, 0),
      samples: digestOfStep([...all.told.subarray(0, numDigests)]),
    };
  } catch (error) {
    if (error instanceof NonFiniteStep || either.signal.aborted) throw error;
    // A peer is gone: the coordinator sees it later than its connections do.
    await gang.newer(generation, signal).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new CalmError('unavailable', (error as Error).message, { cause });
    });
    throw error;
  } finally {
    either.signal.removeEventListener('abort', giveUp);
    either.dispose();
  }
}
