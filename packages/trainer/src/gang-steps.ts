// Steps of a stage that several trainers compute together. Each computes the shards its rank gives it, offers their sums
// to the others, takes theirs, and adds and updates alone: every member holds all weights, and the same bits of them as a
// single trainer would. With a new roster members first tell each other how far they are; who is behind, or new, takes
// weights and moments from the first that is ahead. docs/elastic.md tells the protocol with its failures.
import {
  CalmError,
  combineSignals,
  firstAbort,
  sha256,
  shardRange,
  type AppliedSteps,
  type Gang,
  type Roster,
} from '@calm-orch/core';
import type { Values } from '@calm-orch/engine';
import {
  alignedBlocks,
  combineBlocks,
  shardsOf,
  sumOfLosses,
  type BlockSum,
  type ShardProgram,
  type TrainingState,
} from '@calm-orch/model';
import type { CalmProgram } from './calm-training.ts';
import { decodeLineage, encodeLineage, type Lineage } from './lineage.ts';

/** A member that waits for a roster this long after a peer has gone takes the coordinator for dead. */
const rosterTimeoutMs = 60_000;
/** Steps between comparisons of the replicas' states. */
const checkEvery = 64;

export interface GangSteps {
  /** Whether the roster has changed since `enter`. */
  readonly isStale: boolean;
  /** Of the roster it is in; 0 before. */
  readonly generation: number;
  /** Rank 0, or alone: saves checkpoints and writes the result. */
  readonly isFirst: boolean;
  /**
   * Takes its place in the newest roster. `step` is how far this process is, -1: it has no state yet. How far it is
   * then; null: it is the first and has to load the newest checkpoint, or initial weights, before.
   */
  enter(step: number, signal: AbortSignal): Promise<number | null>;
  /** One optimizer step; its loss, or null when the roster changed before it was complete: then nothing has changed. */
  step(
    name: string,
    inputs: Inputs,
    at: { step: number; learningRate: number },
    signal: AbortSignal,
  ): Promise<number | null>;
  state(): TrainingState;
  /** Brings the weights back into the program that computes whole steps. */
  leave(): void;
}

type Inputs = Readonly<Record<string, Values>>;

/** @throws CalmError `lease_lost` from all methods once the coordinator has released this member. */
export function createGangSteps(gang: Gang, program: CalmProgram, lineage: Lineage): GangSteps {
  const { numShards } = program;
  let roster: Roster = { generation: 0, rank: 0, members: [] };
  /** Where the newest weights are: in the program of whole steps, or in one for this member's blocks. */
  let active: ShardProgram | null = null;
  const members = new Map<string, ShardProgram>();

  const state = (): TrainingState => (active ?? program).state();
  const use = (next: ShardProgram | null, from: TrainingState): void => {
    (next ?? program).setState(from);
    active = next;
  };
  const memberProgram = (): ShardProgram => {
    const { first, end } = shardRange(numShards, roster.members.length, roster.rank);
    const key = `${first}-${end}`;
    const known = members.get(key);
    if (known !== undefined) return known;
    const made = program.member(alignedBlocks(first, end));
    members.set(key, made);
    return made;
  };
  const isStale = (): boolean => gang.roster.generation !== roster.generation;
  /** Everybody else's tensor of this name, by rank; null when the roster changed first. */
  const pullAll = async (name: string, signal: AbortSignal): Promise<ReadonlyMap<number, Float32Array> | null> => {
    if (isStale()) return null;
    const { superseded } = gang;
    const either = combineSignals(superseded, signal);
    const others = roster.members.map((member, rank) => ({ member, rank })).filter(({ rank }) => rank !== roster.rank);
    const pulled = await Promise.allSettled(
      others.map(async ({ member, rank }) => [rank, await gang.pull(member, name, either.signal)] as const),
    );
    either.dispose();
    signal.throwIfAborted();
    if (isStale()) return null;
    const failed = pulled.find((result) => result.status === 'rejected');
    if (failed === undefined)
      return new Map(pulled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
    await untilSuperseded(superseded, signal, failed.reason);
    return null;
  };

  return {
    get isStale() {
      return isStale();
    },
    get generation() {
      return roster.generation;
    },
    get isFirst() {
      return roster.rank === 0;
    },
    state,
    enter: async (step, signal) => {
      for (;;) {
        roster = gang.roster;
        const { generation, rank, members: all } = roster;
        if (rank < 0) throw new CalmError('lease_lost', 'released: others finish this stage');
        if (rank === 0 && step < 0) return null;
        if (all.length === 1) {
          gang.retire(() => false);
          if (active !== null) use(null, active.state());
          return step;
        }
        const own = step < 0 ? null : state();
        gang.retire((name) => name.startsWith(`${generation}/`));
        const hello = Float32Array.of(step, ...(own === null ? [] : digest(own)));
        gang.publish(`${generation}/hello`, hello);
        const hellos = await pullAll(`${generation}/hello`, signal);
        if (hellos === null) continue;
        const byRank = all.map((_, at) => (at === rank ? hello : hellos.get(at)!));
        const newest = Math.max(...byRank.map(([at]) => at!));
        const source = byRank.findIndex(([at]) => at === newest);
        if (own !== null && step === newest) {
          expelUnlessAgreed(
            rank,
            byRank.map((other) => (other[0] === newest ? other.subarray(1) : null)),
            newest,
          );
          if (source === rank && byRank.some(([at]) => at! < newest))
            offer(gang, `${generation}/state`, step, own, lineage.all);
          use(memberProgram(), own);
          return step;
        }
        const received = await pullState(gang, all[source]!, `${generation}/state`, signal);
        if (received === null) continue;
        use(memberProgram(), received.state);
        lineage.replace(received.lineage);
        step = received.step;
        if (!isStale()) return step;
      }
    },
    step: async (name, inputs, at, signal) => {
      if (active === null) return program.step(name, inputs, at);
      const { first, end } = shardRange(numShards, roster.members.length, roster.rank);
      const { losses, sums } = active.gradients(name, shardsOf(inputs, first, end, numShards));
      const tensor = `${roster.generation}/${at.step}`;
      const check = at.step % checkEvery === 0 ? Float32Array.from(digest(active.state())) : new Float32Array(0);
      gang.publish(tensor, check, losses, ...sums.map(({ sum }) => sum));
      const pulled = await pullAll(tensor, signal);
      if (pulled === null) return null;
      // Who has published this step has all it needed before.
      gang.retire((kept) => kept === tensor);
      if (check.length > 0) {
        const digests = roster.members.map((_, rank) => pulled.get(rank)?.subarray(0, check.length) ?? check);
        expelUnlessAgreed(roster.rank, digests, at.step);
      }
      const allLosses: number[] = [];
      const blocks: BlockSum[] = [];
      roster.members.forEach((_, rank) => {
        const range = shardRange(numShards, roster.members.length, rank);
        const count = range.end - range.first;
        // Adding overwrites, and peers may still be pulling what was published.
        if (rank === roster.rank) blocks.push(...sums.map((block) => ({ ...block, sum: block.sum.slice() })));
        const theirs = pulled.get(rank)?.subarray(check.length);
        if (theirs !== undefined)
          blocks.push(...splitBlocks(theirs.subarray(count), alignedBlocks(range.first, range.end)));
        allLosses.push(...(theirs?.subarray(0, count) ?? losses));
      });
      active.apply(combineBlocks(blocks, numShards), at);
      return sumOfLosses(allLosses);
    },
    leave: () => {
      if (active !== null) use(null, active.state());
      for (const member of members.values()) member.dispose();
      members.clear();
      gang.retire(() => false);
    },
  };
}

async function untilSuperseded(superseded: AbortSignal, signal: AbortSignal, reason: unknown): Promise<void> {
  await firstAbort([superseded, signal], rosterTimeoutMs);
  signal.throwIfAborted();
  if (!superseded.aborted)
    throw new CalmError('unavailable', `a peer is gone and no new roster came in ${rosterTimeoutMs / 1000} s`, {
      cause: reason,
    });
}

function splitBlocks(all: Float32Array, blocks: readonly { first: number; size: number }[]): BlockSum[] {
  const size = all.length / blocks.length;
  return blocks.map((block, i) => ({ ...block, sum: all.subarray(i * size, (i + 1) * size) }));
}

function offer(gang: Gang, name: string, step: number, state: TrainingState, lineage: readonly AppliedSteps[]): void {
  const { weights, firstMoment, secondMoment } = state;
  gang.publish(name, Float32Array.of(step, ...encodeLineage(lineage)), weights, firstMoment, secondMoment);
}

interface ReceivedState {
  readonly step: number;
  readonly state: TrainingState;
  readonly lineage: readonly AppliedSteps[];
}

/** Null when the roster changed first, or the source is gone. */
async function pullState(gang: Gang, source: string, name: string, signal: AbortSignal): Promise<ReceivedState | null> {
  const { superseded } = gang;
  const either = combineSignals(superseded, signal);
  try {
    const all = await gang.pull(source, name, either.signal);
    const { all: lineage, end } = decodeLineage(all.subarray(1));
    const vectors = all.subarray(1 + end);
    const size = vectors.length / 3;
    const part = (i: number): Float32Array => vectors.subarray(i * size, (i + 1) * size);
    return { step: all[0]!, state: { weights: part(0), firstMoment: part(1), secondMoment: part(2) }, lineage };
  } catch (error) {
    signal.throwIfAborted();
    await untilSuperseded(superseded, signal, error);
    return null;
  } finally {
    either.dispose();
  }
}

/** The first 64 bits of the sha256 of a state, as four numbers a float32 holds exactly. */
function digest({ weights, firstMoment, secondMoment }: TrainingState): number[] {
  const parts = [weights, firstMoment, secondMoment];
  const hex = sha256(Buffer.concat(parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))));
  return [0, 1, 2, 3].map((i) => parseInt(hex.slice(4 * i, 4 * i + 4), 16));
}

/**
 * Compares the digests of those equally far (null: behind). A replica in the minority has been damaged, and goes; it
 * comes back with a peer's state. Where no majority says who is right all go, and begin again from a checkpoint.
 */
function expelUnlessAgreed(rank: number, digests: readonly (ArrayLike<number> | null)[], step: number): void {
  const texts = digests.flatMap((each) => (each === null ? [] : [Array.from(each).join()]));
  const own = Array.from(digests[rank]!).join();
  const agreeing = texts.filter((text) => text === own).length;
  if (agreeing === texts.length || agreeing * 2 > texts.length) return;
  throw new CalmError(
    'lease_lost',
    `step ${step}: the state of this replica differs from ${texts.length - agreeing} of its ${texts.length - 1} peers'; it starts again`,
  );
}
