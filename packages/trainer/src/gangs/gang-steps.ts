// Steps of a stage that several trainers compute together, each the shards its rank gives it; the weights have the same
// bits as a single trainer's. With a new roster members first tell each other how far they are; who is behind, or new, takes
// weights and moments from the first that is ahead. Between rosters a step is one of two kinds: replicated-step.ts or
// partitioned-step.ts. docs/elastic.md tells the protocol with its failures.
import { abortedAfter, CalmError, shardRange, type Gang, type OptimizerPlacement, type Roster } from '@calm-orch/core';
import {
  alignedBlocks,
  callsOf,
  halves,
  NonFiniteStep,
  type Block,
  type ShardedStep,
  type StepAt,
  type TrainingState,
} from '@calm-orch/model';
import { createExchange, untilSuperseded, type FromPeers } from './gang-exchange.ts';
import { digestOf, expelUnlessAgreed, offerState, pullState } from './gang-state.ts';
import { cutShards, digestOfStep, type Inputs, type StepDone } from './gang-step.ts';
import type { Lineage } from '../training/lineage.ts';
import { partitionedStep, wishes } from './partitioned-step.ts';
import { replicatedStep } from './replicated-step.ts';

/** How long a member waits for what peers say that the coordinator no longer counts among its gang. */
const goneMs = 5000;

export interface GangSteps {
  /** Whether this member has to `enter` before its next step. */
  readonly isStale: boolean;
  /** Rank 0, or alone: saves checkpoints and writes the result. */
  readonly isFirst: boolean;
  /**
   * Takes its place in the newest roster. `step` is how far this process is, -1: it has no state yet. How far it is
   * then; null: it is the first and has to load the newest checkpoint, or initial weights, before.
   */
  enter(step: number, signal: AbortSignal): Promise<number | null>;
  /**
   * One optimizer step on inputs that hold `samples`, and its line in the lineage; the loss, or null when it could not be
   * completed: `isStale` then. @throws NonFiniteStep in all members alike
   */
  step(name: string, inputs: Inputs, samples: Int32Array, at: StepAt, signal: AbortSignal): Promise<number | null>;
  /**
   * Whether this member may save its state, or with `leaving` go, after the steps done so far. If not, the others are
   * asked with the next step, and it may after that.
   */
  mayRest(step: number, options: { readonly leaving: boolean }): boolean;
  /** Weights and moments after `step` steps; null where no single member has them. */
  state(step: number): TrainingState | null;
  /** Brings the weights back into the whole step. */
  leave(): void;
}

export interface GangStepsOptions {
  readonly optimizer: OptimizerPlacement;
  /** Steps of the whole training. */
  readonly steps: number;
}

/** Where the newest weights are: in the whole step, or in that of a gang's member. */
type Active =
  | { readonly kind: 'whole' }
  | { readonly kind: 'replicated' | 'partitioned'; readonly member: ShardedStep; readonly blocks: readonly Block[] };

/** @throws CalmError `lease_lost` from all methods once the coordinator has released this member. */
export function createGangSteps(
  gang: Gang,
  whole: ShardedStep,
  lineage: Lineage,
  { optimizer: wanted, steps }: GangStepsOptions,
): GangSteps {
  const { numShards } = whole;
  const optimizer = whole.canPartition ? wanted : 'replicated';
  const exchange = createExchange(gang);
  let roster: Roster = { generation: 0, rank: 0, members: [] };
  let active: Active = { kind: 'whole' };
  /** The whole state of a partitioned gang, and after how many steps. */
  let gathered: { readonly step: number; readonly state: TrainingState } | null = null;
  /** A partitioned gang has agreed to leave its roster, or has lost a member and with it a slice. */
  let isOver = false;
  let wish = 0;
  const replicas: ShardedStep[] = [];
  /** The whole step has been compiled. */
  let wholeIsWarm = false;
  const parts = new Map<string, ShardedStep>();

  const isSuperseded = (): boolean => gang.roster.generation !== roster.generation;
  /** Of the roster this member is in, which may have been replaced long ago. */
  const superseded = (): AbortSignal => (isSuperseded() ? AbortSignal.abort() : gang.superseded);
  const stateAt = (step: number): TrainingState | null => {
    switch (active.kind) {
      case 'whole':
        return whole.state();
      case 'replicated':
        return active.member.state();
      case 'partitioned':
        return gathered?.step === step ? gathered.state : null;
    }
  };
  const use = (next: Active, step: number, state: TrainingState, { isOwn = false } = {}): void => {
    const [from, to] = [active, next].map((each) => (each.kind === 'whole' ? whole : each.member));
    // A partitioned step that was given up has changed its slice.
    if (!isOwn || from !== to || next.kind === 'partitioned') to!.setState(state);
    active = next;
    // Kept until the first step is complete: if that fails nothing is lost.
    gathered = next.kind === 'partitioned' ? { step, state } : null;
    isOver = false;
    wish = 0;
  };
  const inRoster = (): Active => {
    const { members, rank } = roster;
    const { first, end } = shardRange(numShards, members.length, rank);
    const blocks = alignedBlocks(first, end);
    if (optimizer === 'replicated') return replicaOf(blocks) ?? newReplicaOf(blocks);
    const slice = { numMembers: members.length, rank };
    const member = known(parts, `${rank}/${members.length}`, () => whole.member(sizesOf(blocks), slice));
    return { kind: 'partitioned', member, blocks };
  };
  const callsAtBest = (blocks: readonly Block[]): Block[] =>
    blocks.flatMap((block) => halves(block, whole.maxShardsPerCall));
  /** A replica that is compiled, if it needs at most twice the calls: when a member dies the others go on at once. */
  const replicaOf = (blocks: readonly Block[]): Active | null => {
    const usable = replicas
      .map((replica) => ({ replica, numCalls: callsOf(blocks, replica.blockSizes)?.length ?? Infinity }))
      .filter(({ numCalls }) => numCalls <= 2 * callsAtBest(blocks).length)
      .sort((a, b) => a.numCalls - b.numCalls);
    return usable.length === 0 ? null : { kind: 'replicated', member: usable[0]!.replica, blocks };
  };
  const newReplicaOf = (blocks: readonly Block[]): Active => {
    const replica = whole.member(sizesOf(callsAtBest(blocks)));
    replicas.push(replica);
    return { kind: 'replicated', member: replica, blocks };
  };
  /** What everybody says at the beginning of a roster; null when it is replaced first, or somebody is gone. */
  const hear = async (what: string, signal: AbortSignal, graceMs: number): Promise<FromPeers | null> => {
    const patience = abortedAfter(graceMs, superseded(), signal);
    try {
      return await exchange.pullAll(roster, `${roster.generation}/${what}`, { signal: patience.signal });
    } catch (error) {
      signal.throwIfAborted();
      await untilSuperseded(superseded(), signal, error);
      return null;
    } finally {
      patience.dispose();
    }
  };
  const vote = (isIn: boolean): void => gang.publish(`${roster.generation}/vote`, Float32Array.of(isIn ? 1 : 0));
  /**
   * Whether all members begin a step in this roster. None of a partitioned gang may begin one that another does not: it
   * would wait for it. Each says so once, to all; who goes on to a newer roster says no.
   */
  const allBegin = async (signal: AbortSignal): Promise<boolean> => {
    vote(!isSuperseded());
    if (isSuperseded()) return false;
    const votes = await hear('vote', signal, goneMs);
    if (votes === null) return false;
    if ([...votes.values()].every(([isIn]) => isIn === 1)) return true;
    await untilSuperseded(superseded(), signal, new Error('a peer knows a newer roster'));
    return false;
  };

  return {
    get isStale() {
      // A partitioned gang leaves its roster together; having done all steps its members have all there is.
      if (active.kind === 'partitioned') return isOver || (gathered?.step === steps && isSuperseded());
      return isSuperseded();
    },
    get isFirst() {
      return roster.rank === 0;
    },
    state: stateAt,
    mayRest: (step, { leaving }) => {
      if (active.kind !== 'partitioned' || isOver || gathered?.step === step) return true;
      wish |= leaving ? wishes.leave : wishes.state;
      return false;
    },
    enter: async (step, signal) => {
      if (active.kind === 'partitioned') {
        if (gathered?.step !== step) step = -1;
        await untilSuperseded(superseded(), signal, new Error('the gang was left'));
      }
      for (;;) {
        roster = gang.roster;
        const { generation, rank, members: all } = roster;
        if (rank < 0) throw new CalmError('lease_lost', 'released: others finish this stage');
        if (rank === 0 && step < 0) {
          active = { kind: 'whole' };
          return null;
        }
        if (all.length === 1) {
          gang.retire(() => false);
          if (active.kind === 'whole') return step;
          const next = (wholeIsWarm ? null : replicaOf(alignedBlocks(0, numShards))) ?? { kind: 'whole' };
          use(next, step, stateAt(step)!, { isOwn: true });
          return step;
        }
        let state = step < 0 ? null : stateAt(step);
        let isOwn = true;
        gang.retire((name) => name.startsWith(`${generation}/`) || isAnswer(name));
        const hello = Float32Array.of(step, ...(state === null ? [] : digestOf(state)));
        gang.publish(`${generation}/hello`, hello);
        const hellos = await hear('hello', signal, 0);
        if (hellos === null || isSuperseded()) {
          vote(false);
          continue;
        }
        const byRank = all.map((_, at) => (at === rank ? hello : hellos.get(at)!));
        const newest = Math.max(...byRank.map(([at]) => at!));
        const source = byRank.findIndex(([at]) => at === newest);
        if (state !== null && step === newest) {
          const digests = byRank.map((other) => (other[0] === newest ? other.subarray(1) : null));
          expelUnlessAgreed(rank, digests, newest);
          if (source === rank && byRank.some(([at]) => at! < newest))
            offerState(gang, `${generation}/state`, { step, state, lineage: lineage.all });
        } else {
          const received = await pullState(gang, all[source]!, `${generation}/state`, {
            superseded: superseded(),
            signal,
          });
          if (received === null) {
            vote(false);
            continue;
          }
          ({ step, state } = received);
          isOwn = false;
          lineage.replace(received.lineage);
        }
        const isIn = optimizer === 'replicated' || (await allBegin(signal));
        use(isIn ? inRoster() : { kind: 'whole' }, step, state, { isOwn });
        if (isIn) return step;
      }
    },
    step: async (name, inputs, samples, at, signal) => {
      // Where it is computed, so that a step that is computed twice, or not, is there twice, or not.
      const did = ({ loss, samples: digest }: StepDone): number => {
        lineage.add(at.step, roster.generation, digest);
        return loss;
      };
      if (active.kind === 'whole') {
        wholeIsWarm = true;
        const { own, digests } = cutShards(inputs, samples, 0, numShards, numShards);
        return did({ loss: whole.run(name, own, at), samples: digestOfStep([...digests]) });
      }
      const { member, blocks } = active;
      const options = { gang, exchange, roster, member, blocks, superseded: superseded() };
      try {
        if (active.kind === 'replicated') return did(await replicatedStep(options, name, inputs, samples, at, signal));
        if (isSuperseded()) wish |= wishes.leave;
        const { leaves, state, ...done } = await partitionedStep(
          options,
          name,
          inputs,
          samples,
          { ...at, wish, isLast: at.step + 1 === steps },
          signal,
        );
        wish = 0;
        isOver = leaves;
        gathered = state === null ? null : { step: at.step + 1, state };
        return did(done);
      } catch (error) {
        if (error instanceof NonFiniteStep || (error instanceof CalmError && error.code === 'lease_lost')) throw error;
        isOver = true;
        signal.throwIfAborted();
        await untilSuperseded(superseded(), signal, error);
        return null;
      }
    },
    leave: () => {
      const state = active.kind === 'replicated' ? active.member.state() : gathered?.state;
      if (state !== undefined) use({ kind: 'whole' }, steps, state);
      for (const member of [...replicas, ...parts.values()]) member.dispose();
      replicas.length = 0;
      parts.clear();
      exchange.clear();
      gang.retire(isAnswer);
    },
  };
}

const sizesOf = (blocks: readonly Block[]): number[] => [...new Set(blocks.map(({ size }) => size))];

/** What peers may still be waiting for when this member has gone on. */
const isAnswer = (name: string): boolean => /\/(vote|taken)$/.test(name);

function known<T>(made: Map<string, T>, key: string, make: () => T): T {
  const found = made.get(key) ?? make();
  made.set(key, found);
  return found;
}
