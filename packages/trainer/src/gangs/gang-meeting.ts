// How the members of a new roster begin: they tell each other how far they are, and whoever is behind, or new, takes
// weights and moments from the first that is ahead.
import { abortedAfter, type Gang, type Roster } from '@calm-orch/core';
import type { TrainingState } from '@calm-orch/model';
import type { Lineage } from '../training/lineage.ts';
import type { Exchange, FromPeers } from './gang-exchange.ts';
import { assertAgreed, digestOf, offerState, pullState } from './gang-state.ts';

/** How long a member waits for what peers say that the coordinator no longer counts among its gang. */
const goneMs = 5000;

/** What peers may still be waiting for when this member has gone on. */
export const isAnswer = (name: string): boolean => /\/(vote|taken|part)$/.test(name);

export interface Agreed {
  readonly step: number;
  readonly state: TrainingState;
  /** It is the state this member had. */
  readonly isOwn: boolean;
}

/** Of one roster, with what a member says in it. */
export interface Meeting {
  readonly roster: Roster;
  /** There is a newer roster. */
  readonly isSuperseded: boolean;
  readonly superseded: AbortSignal;
  /**
   * The state all members begin with; null where the roster is replaced first, or somebody is gone: this member has then
   * said that it begins no step. `state`: after `step` steps, null: none yet.
   */
  agree(step: number, state: TrainingState | null, lineage: Lineage, signal: AbortSignal): Promise<Agreed | null>;
  /**
   * Whether all members begin a step in this roster. None of a partitioned gang may begin one that another does not: it
   * would wait for it. Each says so once, to all; who goes on to a newer roster says no.
   */
  allBegin(signal: AbortSignal): Promise<boolean>;
  /** What all members say, by rank; null when the roster is replaced first. */
  tellAll(what: string, own: Float32Array, signal: AbortSignal): Promise<Float32Array[] | null>;
}

export function createMeeting(gang: Gang, exchange: Exchange, roster: Roster): Meeting {
  const { generation, rank, members } = roster;
  const isSuperseded = (): boolean => gang.roster.generation !== generation;
  const superseded = (): AbortSignal => (isSuperseded() ? AbortSignal.abort() : gang.superseded);
  /** What everybody says; null when the roster is replaced first, or somebody is gone. */
  const hear = async (what: string, signal: AbortSignal, graceMs: number): Promise<FromPeers | null> => {
    const patience = abortedAfter(graceMs, superseded(), signal);
    try {
      return await exchange.pullAll(roster, `${generation}/${what}`, { signal: patience.signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!isSuperseded()) throw error;
      return null;
    } finally {
      patience.dispose();
    }
  };
  const tellAll: Meeting['tellAll'] = async (what, own, signal) => {
    gang.publish(`${generation}/${what}`, own);
    const heard = await hear(what, signal, 0);
    return heard === null || isSuperseded() ? null : members.map((_, at) => (at === rank ? own : heard.get(at)!));
  };
  const vote = (isIn: boolean): void => gang.publish(`${generation}/vote`, Float32Array.of(isIn ? 1 : 0));
  const goOn = (): null => {
    vote(false);
    return null;
  };
  return {
    roster,
    tellAll,
    get isSuperseded() {
      return isSuperseded();
    },
    get superseded() {
      return superseded();
    },
    agree: async (step, state, lineage, signal) => {
      gang.retire((name) => name.startsWith(`${generation}/`) || isAnswer(name));
      const hello = Float32Array.of(step, ...(state === null ? [] : digestOf(state)));
      const byRank = await tellAll('hello', hello, signal);
      if (byRank === null) return goOn();
      const newest = Math.max(...byRank.map(([at]) => at!));
      const source = byRank.findIndex(([at]) => at === newest);
      if (state === null || step < newest) {
        const pulling = { superseded: superseded(), signal };
        const received = await pullState(gang, members[source]!, `${generation}/state`, pulling);
        if (received === null) return goOn();
        lineage.replace(received.lineage, received.digests);
        return { ...received, isOwn: false };
      }
      const digests = byRank.map((other) => (other[0] === newest ? other.subarray(1) : null));
      assertAgreed(digests, newest);
      if (source === rank && byRank.some(([at]) => at! < newest))
        offerState(gang, `${generation}/state`, { step, state, lineage: lineage.all, digests: lineage.digests });
      return { step, state, isOwn: true };
    },
    allBegin: async (signal) => {
      vote(!isSuperseded());
      if (isSuperseded()) return false;
      const votes = await hear('vote', signal, goneMs);
      if (votes === null) return false;
      if ([...votes.values()].every(([isIn]) => isIn === 1)) return true;
      // A peer knows a newer roster.
      await gang.newer(generation, signal);
      return false;
    },
  };
}
