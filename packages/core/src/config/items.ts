// How stage `data` is cut into items, the pieces of work leased one by one. A pure function of the configuration, so that
// the coordinator plans and the workers compute the same cut without asking each other.
import type { DataConfig } from './schema.ts';

/** Photographs made per item, here and in stage `augment`. */
export const photosPerItem = 250;
/** Photographs per item where files are checked instead of made. */
const checkedPerItem = 2500;

export type DataPool = 'labeled' | 'generic' | 'unlabeled';

/** `count` photographs of one pool from its 0-based index `first` on. */
export interface DataItem {
  readonly pool: DataPool;
  readonly first: number;
  readonly count: number;
}

/** The items of stage `data`: the pools one after another, no item holding two pools. */
export function dataItems(data: DataConfig): DataItem[] {
  const pools: readonly [DataPool, number][] = [
    ['labeled', data.numTrain + data.numTest],
    ['generic', data.numGeneric],
    ['unlabeled', data.numUnlabeled],
  ];
  const perItem = data.source === 'files' ? checkedPerItem : photosPerItem;
  return pools.flatMap(([pool, size]) =>
    Array.from({ length: Math.ceil(size / perItem) }, (_, i) => {
      const first = i * perItem;
      return { pool, first, count: Math.min(perItem, size - first) };
    }),
  );
}
