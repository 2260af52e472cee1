// What members of one roster hand each other: a tensor of the same kind from everybody to everybody. Memory of tensors
// that come every step is kept: new pages cost more than what is copied into them.
import { setMaxListeners } from 'node:events';
import { combineSignals, type Gang, type Roster, type TensorView } from '@calm-orch/core';

export type FromPeers<T = Float32Array> = ReadonlyMap<number, T>;

export interface PullOptions {
  /** Given up when it is aborted. */
  readonly signal: AbortSignal;
}

export interface ViewOptions extends PullOptions {
  /** Tensors that are copied again under this word overwrite those copied before. */
  readonly reuse: string;
}

export interface Exchange {
  /** Everybody else's tensor of this name, by rank. @throws what the first failed pull threw; the others are given up */
  pullAll(roster: Roster, name: string, options: PullOptions): Promise<FromPeers>;
  /** As `pullAll`, where the tensors lie (`view` of a gang). */
  viewAll(roster: Roster, name: string, options: ViewOptions): Promise<FromPeers<TensorView>>;
  /** Memory under a word, of a length: the same again as long as that is the same. */
  memory(reuse: string, length: number): Float32Array;
  /** Forgets the memory that is kept. */
  clear(): void;
}

export function createExchange(gang: Gang): Exchange {
  const kept = new Map<string, Float32Array>();
  const fromAll = async <T>(
    roster: Roster,
    signal: AbortSignal,
    take: (member: string, rank: number, signal: AbortSignal) => Promise<T>,
  ): Promise<FromPeers<T>> => {
    const others = roster.members.map((member, rank) => ({ member, rank })).filter(({ rank }) => rank !== roster.rank);
    const failure = new AbortController();
    const either = combineSignals(signal, failure.signal);
    setMaxListeners(0, either.signal);
    try {
      const taking = others.map(async ({ member, rank }) => [rank, await take(member, rank, either.signal)] as const);
      return new Map(await Promise.all(taking));
    } catch (error) {
      failure.abort();
      throw error;
    } finally {
      either.dispose();
    }
  };
  return {
    pullAll: (roster, name, { signal }) =>
      fromAll(roster, signal, (member, _, either) => gang.pull(member, name, either)),
    viewAll: (roster, name, { signal, reuse }) =>
      fromAll(roster, signal, async (member, rank, either) => {
        const key = `${reuse}/${rank}`;
        const view = await gang.view(member, name, either, kept.get(key));
        if (view.isCopy) kept.set(key, view.values);
        return view;
      }),
    memory: (reuse, length) => {
      const found = kept.get(reuse);
      if (found?.length === length) return found;
      const memory = new Float32Array(length);
      kept.set(reuse, memory);
      return memory;
    },
    clear: () => kept.clear(),
  };
}
