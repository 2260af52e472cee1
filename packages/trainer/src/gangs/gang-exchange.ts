// What members of one roster hand each other: a tensor of the same kind from everybody to everybody. Memory of tensors
// that come every step is kept: new pages cost more than what is copied into them.
import { combineSignals, type Gang, type Roster } from '@calm-orch/core';

export type FromPeers = ReadonlyMap<number, Float32Array>;

export interface PullOptions {
  /** Given up when it is aborted. */
  readonly signal: AbortSignal;
  /** Tensors pulled again under this word overwrite those pulled before. */
  readonly reuse?: string;
}

export interface Exchange {
  /** Everybody else's tensor of this name, by rank. @throws what the first failed pull threw; the others are given up */
  pullAll(roster: Roster, name: string, options: PullOptions): Promise<FromPeers>;
  /** Forgets the memory that is kept. */
  clear(): void;
}

export function createExchange(gang: Gang): Exchange {
  const kept = new Map<string, Float32Array>();
  return {
    pullAll: async (roster, name, { signal, reuse }) => {
      const others = roster.members
        .map((member, rank) => ({ member, rank }))
        .filter(({ rank }) => rank !== roster.rank);
      const failure = new AbortController();
      const either = combineSignals(signal, failure.signal);
      try {
        const pulled = others.map(async ({ member, rank }) => {
          const key = `${reuse}/${rank}`;
          const tensor = await gang.pull(member, name, either.signal, reuse === undefined ? undefined : kept.get(key));
          if (reuse !== undefined) kept.set(key, tensor);
          return [rank, tensor] as const;
        });
        return new Map(await Promise.all(pulled));
      } catch (error) {
        failure.abort();
        throw error;
      } finally {
        either.dispose();
      }
    },
    clear: () => kept.clear(),
  };
}
