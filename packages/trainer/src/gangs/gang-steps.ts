// Steps of a stage that several trainers compute together, each the shards its rank gives it; the weights have the same
// bits as a single trainer's. With a new roster members first agree on how far they are (gang-meeting.ts). Between rosters
// a step is one of three kinds: replicated-step.ts, collective-step.ts or partitioned-step.ts. docs/elastic.md tells the
// protocol with its failures.
import {
  CalmError,
  exchangeNote,
  shardRange,
  type Gang,
  type GradientExchange,
  type OptimizerPlacement,
  type ShardRange,
} from '@calm-orch/core';
import {
  alignedBlocks,
  NonFiniteStep,
  wholeDigest,
  type ClusterStep,
  type ShardedStep,
  type StepAt,
  type TrainingState,
} from '@calm-orch/model';
import type { OwnPart } from '../training/checkpoint-writer.ts';
import type { Lineage } from '../training/lineage.ts';
import { collectiveStep } from './collective-step.ts';
import { enterCluster } from './gang-cluster.ts';
import { gangDigest } from './gang-digest.ts';
import { createExchange } from './gang-exchange.ts';
import { createMeeting, isAnswer } from './gang-meeting.ts';
import { createMembers, type Active } from './gang-members.ts';
import { ownPart } from './gang-part.ts';
import { cutShards, digestOfStep, wishes, type Inputs, type StepDone } from './gang-step.ts';
import { partitionedStep } from './partitioned-step.ts';
import { replicatedStep } from './replicated-step.ts';

export interface GangSteps {
  /** Whether this member has to `enter` before its next step. */
  readonly isStale: boolean;
  /** Rank 0, or alone: saves checkpoints and writes the result. */
  readonly isFirst: boolean;
  /** Shards that this member computes of its next step; inputs of others are not read. */
  readonly own: ShardRange;
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
   * The digest of the state after `step` steps, once all have compared theirs; null as from `step`. Every member takes it
   * once, before its next step. @throws StateDiffers
   */
  digest(step: number, signal: AbortSignal): Promise<string | null>;
  /** Steps after which all members had the same state, for all that is known. */
  readonly agreed: number;
  /** Whether this member may go after the steps done so far. If not, the others are asked with the next step. */
  mayLeave(): boolean;
  /** Asks all members to save their parts after the next step. */
  askToSave(): void;
  /** After so many steps all members save their parts; null: nobody has asked since they entered. */
  readonly savesAt: number | null;
  /** There is no other member. */
  readonly isAlone: boolean;
  /** What this member saves of the state after the steps done so far; null: it is alone. */
  part(): OwnPart | null;
  /** Weights and moments after `step` steps; null where no single member has them. */
  state(step: number): TrainingState | null;
  /** Brings the weights back into the whole step. */
  leave(): void;
}

export interface GangStepsOptions {
  readonly optimizer: OptimizerPlacement;
  /** How replicas add gradients; where they cannot in the graph, they do in host memory. @default host */
  readonly exchange?: GradientExchange | undefined;
  /** Steps of the whole training. */
  readonly steps: number;
}

/** @throws CalmError `lease_lost` from all methods once the coordinator has released this member. */
export function createGangSteps(
  gang: Gang,
  whole: ShardedStep,
  lineage: Lineage,
  { optimizer: wanted, exchange: adding = 'host', steps }: GangStepsOptions,
): GangSteps {
  const { numShards } = whole;
  const optimizer = whole.canPartition ? wanted : 'replicated';
  const exchange = createExchange(gang);
  const members = createMembers(whole);
  let meeting = createMeeting(gang, exchange, { generation: 0, rank: 0, members: [] });
  let active: Active = { kind: 'whole' };
  /** The whole state of a partitioned gang, and after how many steps. */
  let gathered: { readonly step: number; readonly state: TrainingState } | null = null;
  /** A partitioned gang has agreed to leave its roster, or has lost a member and with it a slice. */
  let isOver = false;
  let wish = 0;
  let savesAt: number | null = null;
  /** The whole step has been compiled. */
  let wholeIsWarm = false;
  let agreed = 0;
  /** Of rosters before: a peer may still take their state, until a step of the newest is complete. */
  const left: ClusterStep[] = [];
  let noted = '';

  const stateAt = (step: number): TrainingState | null => {
    switch (active.kind) {
      case 'whole':
        return whole.state();
      case 'replicated':
      case 'collective':
        return active.member.state();
      case 'partitioned':
        return gathered?.step === step ? gathered.state : null;
    }
  };
  const use = (next: Active, step: number, state: TrainingState, { isOwn = false } = {}): void => {
    const [from, to] = [active, next].map((each) => (each.kind === 'whole' ? whole : each.member));
    // A partitioned step that was given up has changed its slice.
    if (!isOwn || from !== to || next.kind === 'partitioned') to!.setState(state);
    if (active.kind === 'collective') left.push(active.member);
    active = next;
    // Kept until the first step is complete: if that fails nothing is lost.
    gathered = next.kind === 'partitioned' ? { step, state } : null;
    isOver = false;
    wish = 0;
  };
  const disposeOfLeft = (): void => left.splice(0).forEach((member) => member.dispose());
  /** What this roster's steps are computed with; null where it is replaced first. */
  const activeIn = async (signal: AbortSignal): Promise<Active | null> => {
    const { roster } = meeting;
    if (optimizer === 'partitioned') return (await meeting.allBegin(signal)) ? members.of(roster, optimizer) : null;
    if (adding === 'host') return members.of(roster, optimizer);
    const entry = await enterCluster(meeting, whole, signal);
    if (entry === null) return null;
    const how = 'why' in entry ? `in host memory: ${entry.why}` : 'in the graph, by collective operations';
    const note = exchangeNote(roster.members.length, how);
    if (roster.rank === 0 && note !== noted) gang.note((noted = note));
    return 'why' in entry ? members.of(roster, optimizer) : { kind: 'collective', member: entry.member };
  };
  /** As `enter` of GangSteps, in the roster of the meeting; not `isIn`: there is a newer one. */
  const enterMeeting = async (
    step: number,
    signal: AbortSignal,
  ): Promise<{ readonly step: number | null; readonly isIn: boolean }> => {
    const { roster } = meeting;
    if (roster.rank < 0) throw new CalmError('lease_lost', 'released: others finish this stage');
    if (roster.rank === 0 && step < 0) {
      active = { kind: 'whole' };
      return { step: null, isIn: true };
    }
    if (roster.members.length === 1) {
      gang.retire(() => false);
      if (active.kind === 'whole') return { step, isIn: true };
      const next = wholeIsWarm ? null : members.compiled(alignedBlocks(0, numShards));
      use(next ?? { kind: 'whole' }, step, stateAt(step)!, { isOwn: true });
      return { step, isIn: true };
    }
    const agreed = await meeting.agree(step, step < 0 ? null : stateAt(step), lineage, signal);
    if (agreed === null) return { step, isIn: false };
    const next = await activeIn(signal);
    use(next ?? { kind: 'whole' }, agreed.step, agreed.state, agreed);
    return { step: agreed.step, isIn: next !== null };
  };
  const optionsOf = () => {
    const { roster, superseded } = meeting;
    return { gang, exchange, roster, superseded };
  };
  const isAlone = (): boolean => active.kind === 'whole' || meeting.roster.members.length === 1;
  /** What members do together; null where the roster has ended first. */
  const together = async <T>(doing: Promise<T>, signal: AbortSignal): Promise<T | null> => {
    try {
      return await doing;
    } catch (error) {
      if (error instanceof NonFiniteStep || (error instanceof CalmError && error.code === 'lease_lost')) throw error;
      isOver = true;
      signal.throwIfAborted();
      // Who writes over what others still read has gone on: the coordinator has lost it, or this member.
      if (error instanceof CalmError && error.code === 'io') await gang.newer(meeting.roster.generation, signal);
      if (!meeting.isSuperseded) throw error;
      return null;
    }
  };
  const stepOfGang = async (
    how: Exclude<Active, { kind: 'whole' }>,
    name: string,
    inputs: Inputs,
    samples: Int32Array,
    at: StepAt,
    signal: AbortSignal,
  ): Promise<StepDone> => {
    const { isSuperseded } = meeting;
    if (how.kind === 'partitioned' && isSuperseded) wish |= wishes.leave;
    const asked = { ...at, wish, isLast: at.step + 1 === steps };
    const options = optionsOf();
    let done: StepDone;
    if (how.kind === 'collective')
      done = await collectiveStep({ ...options, member: how.member }, name, inputs, samples, asked, signal);
    else if (how.kind === 'replicated')
      done = await replicatedStep({ ...options, ...how }, name, inputs, samples, asked, signal);
    else {
      const { state, ...rest } = await partitionedStep({ ...options, ...how }, name, inputs, samples, asked, signal);
      done = rest;
      isOver = (done.wished & wishes.leave) !== 0;
      gathered = state === null ? null : { step: at.step + 1, state };
    }
    wish = 0;
    if ((done.wished & wishes.save) !== 0) savesAt = at.step + 1;
    return done;
  };

  return {
    get isStale() {
      // A partitioned gang leaves its roster together; having done all steps its members have all there is.
      if (active.kind === 'partitioned') return isOver || (gathered?.step === steps && meeting.isSuperseded);
      return meeting.isSuperseded;
    },
    get isFirst() {
      return meeting.roster.rank === 0;
    },
    get own() {
      const {
        rank,
        members: { length },
      } = meeting.roster;
      return active.kind === 'whole' ? { first: 0, end: numShards } : shardRange(numShards, length, rank);
    },
    state: stateAt,
    mayLeave: () => {
      if (active.kind !== 'partitioned' || isOver || gathered !== null) return true;
      wish |= wishes.leave;
      return false;
    },
    askToSave: () => void (wish |= wishes.save),
    get savesAt() {
      return savesAt;
    },
    get isAlone() {
      return isAlone();
    },
    part: () =>
      active.kind === 'whole' || isAlone()
        ? null
        : ownPart({ ...optionsOf(), member: active.member }, active.kind === 'partitioned'),
    enter: async (step, signal) => {
      savesAt = null;
      let at: number | null = step;
      if (active.kind === 'partitioned') {
        if (gathered?.step !== step) at = -1;
        await gang.newer(meeting.roster.generation, signal);
      }
      for (let isIn = false; !isIn && at !== null;) {
        meeting = createMeeting(gang, exchange, gang.roster);
        ({ step: at, isIn } = await enterMeeting(at, signal));
      }
      agreed = at ?? agreed;
      return at;
    },
    step: async (name, inputs, samples, at, signal) => {
      // Where it is computed, so that a step that is computed twice, or not, is there twice, or not.
      const did = ({ loss, samples: digest }: Pick<StepDone, 'loss' | 'samples'>): number => {
        lineage.add(at.step, meeting.roster.generation, digest);
        disposeOfLeft();
        return loss;
      };
      if (active.kind === 'whole') {
        wholeIsWarm = true;
        const { own, digests } = cutShards(inputs, samples, 0, numShards, numShards);
        return did({ loss: whole.run(name, own, at), samples: digestOfStep([...digests]) });
      }
      const done = await together(stepOfGang(active, name, inputs, samples, at, signal), signal);
      return done === null ? null : did(done);
    },
    digest: async (step, signal) => {
      const digest =
        active.kind === 'whole'
          ? wholeDigest([whole.digest()])
          : await together(
              gangDigest({ ...optionsOf(), member: active.member }, active.kind === 'partitioned', step, signal),
              signal,
            );
      if (digest !== null) agreed = step;
      return digest;
    },
    get agreed() {
      return agreed;
    },
    leave: () => {
      const state = active.kind === 'partitioned' ? gathered?.state : stateAt(steps);
      if (active.kind !== 'whole' && state) use({ kind: 'whole' }, steps, state);
      disposeOfLeft();
      members.dispose();
      exchange.clear();
      gang.retire(isAnswer);
    },
  };
}
