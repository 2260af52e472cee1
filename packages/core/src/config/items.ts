// How stages are cut into items, the pieces of work leased one by one. A pure function of the configuration, so that
// the coordinator plans and the workers compute the same cut without asking each other.
import type { StageKind } from '../stage.ts';
import type { DataConfig, TrialConfig } from './schema.ts';

/** Photographs per item of stages `data` and `augment`. */
export const photosPerItem = 250;
/** Photographs per item of stage `data` where it checks files instead of making them. */
export const checkedPerItem = 2500;
/** Photographs per item of stage `encode`. */
export const encodedPerItem = 500;

/** Photographs stage `degrade` makes: 6 held-out ones x 4 crops x (as it is and 6 degradations). */
export const realPhotos = 168;

export type DataPool = 'labeled' | 'generic' | 'unlabeled';
export type EncodeWhat = 'labeled' | 'generic' | 'ssl' | 'personal' | 'real';

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

/** What decides how many photographs there are; `personal` is needed for its own photographs alone. */
type Sizes = Pick<TrialConfig, 'data'> & Partial<Pick<TrialConfig, 'personal'>>;

/** Photographs stage `encode` runs through the ViT; `ssl` holds each original and its augmented copy. */
export function numEncoded(what: EncodeWhat, { data, personal }: Sizes): number {
  switch (what) {
    case 'personal':
      return personal === undefined ? 0 : personal.train.photos + personal.test.photos;
    case 'real':
      return realPhotos;
    case 'labeled':
      return data.numTrain + data.numTest;
    case 'generic':
      return data.numGeneric;
    case 'ssl':
      return 2 * data.numUnlabeled;
  }
}

/** Items of a stage; `what` is needed for `encode` alone. Stages not named here have one. */
export function numItemsOf(kind: StageKind, config: Sizes, what: EncodeWhat = 'labeled'): number {
  if (kind === 'data') return dataItems(config.data).length;
  if (kind === 'augment') return Math.ceil(config.data.numUnlabeled / photosPerItem);
  if (kind === 'encode') return Math.ceil(numEncoded(what, config) / encodedPerItem);
  return 1;
}
