// A compute child's link to its gang: rosters come from its worker over IPC, tensors go to the other members directly.
import { CalmError, firstAbort, type Gang, type Roster } from '@calm-orch/core';
import type { TensorPlane } from '../tensors/tensor-plane.ts';

export interface ComputeGang extends Gang {
  update(roster: Roster): void;
}

export interface ComputeGangOptions {
  readonly plane: () => Promise<TensorPlane>;
  /** Keeps the names of this attempt's stage apart from those of another. */
  readonly stageKey: string;
  /** Tells the coordinator that this process can take part from now on. */
  readonly onReady: (address: string) => void;
  /** Now and then while it waits for other members. */
  readonly onWaiting?: () => void;
  readonly onNote?: (text: string) => void;
}

const tellEveryMs = 1000;
const pullAgainEveryMs = 250;
/** A member that is without a peer and without a newer roster for so long takes the coordinator for dead. */
const rosterTimeoutMs = 60_000;

const none: Roster = { generation: 0, rank: 0, members: [] };

export function createComputeGang({
  plane: open,
  stageKey,
  onReady,
  onWaiting = () => {},
  onNote = () => {},
}: ComputeGangOptions): ComputeGang {
  let plane: TensorPlane | undefined;
  let roster = none;
  let superseded = new AbortController();
  const name = (of: string): string => `${stageKey}/${of}`;
  const waitFor = async <T>(waiting: Promise<T>): Promise<T> => {
    const timer = setInterval(onWaiting, tellEveryMs);
    try {
      return await waiting;
    } finally {
      clearInterval(timer);
    }
  };
  const noRoster = (cause?: unknown): CalmError =>
    new CalmError('unavailable', `a peer is gone and no new roster came in ${rosterTimeoutMs / 1000} s`, { cause });
  /** Asks again until the signal. */
  const pulled = async <T>(signal: AbortSignal, once: () => Promise<T>): Promise<T> => {
    let untilMs: number | undefined;
    for (;;)
      try {
        return await once();
      } catch (error) {
        if (signal.aborted) throw error;
        untilMs ??= performance.now() + rosterTimeoutMs;
        if (performance.now() > untilMs) throw noRoster(error);
        await firstAbort([signal], pullAgainEveryMs);
      }
  };
  const opened = (): TensorPlane => {
    if (plane === undefined) throw new Error('a gang is used before it was joined');
    return plane;
  };
  return {
    join: async (signal) => {
      plane = await open();
      // What an earlier attempt of this process left.
      plane.retire(() => false);
      const { signal: changed } = superseded;
      onReady(plane.address);
      if (roster === none) await waitFor(firstAbort([changed, signal]));
      return roster;
    },
    get roster() {
      return roster;
    },
    get superseded() {
      return superseded.signal;
    },
    newer: async (generation, signal) => {
      if (roster.generation <= generation) await waitFor(firstAbort([superseded.signal, signal], rosterTimeoutMs));
      signal.throwIfAborted();
      if (roster.generation <= generation) throw noRoster();
    },
    publish: (of, ...parts) => opened().publish(name(of), ...parts),
    retire: (keep) => opened().retire((full) => keep(full.slice(stageKey.length + 1))),
    taken: (of, numPeers, signal) => waitFor(opened().taken(name(of), numPeers, signal)),
    offer: (of, make) => opened().offer(name(of), make),
    pull: (member, of, signal, into) => waitFor(pulled(signal, () => opened().pull(member, name(of), signal, into))),
    view: (member, of, signal, into) => waitFor(pulled(signal, () => opened().view(member, name(of), signal, into))),
    waiting: waitFor,
    note: onNote,
    update: (next) => {
      if (next.generation <= roster.generation) return;
      roster = next;
      const before = superseded;
      superseded = new AbortController();
      before.abort();
    },
  };
}
