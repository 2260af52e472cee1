// A compute child's link to its gang: rosters come from its worker over IPC, tensors go to the other members directly.
import { firstAbort, type Gang, type Roster } from '@calm-orch/core';
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
}

const tellEveryMs = 1000;

const none: Roster = { generation: 0, rank: 0, members: [] };

export function createComputeGang({
  plane: open,
  stageKey,
  onReady,
  onWaiting = () => {},
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
    publish: (of, ...parts) => opened().publish(name(of), ...parts),
    retire: (keep) => opened().retire((full) => keep(full.slice(stageKey.length + 1))),
    taken: (of, numPeers, signal) => waitFor(opened().taken(name(of), numPeers, signal)),
    pull: (member, of, signal, into) => waitFor(opened().pull(member, name(of), signal, into)),
    update: (next) => {
      if (next.generation <= roster.generation) return;
      roster = next;
      const before = superseded;
      superseded = new AbortController();
      before.abort();
    },
  };
}
