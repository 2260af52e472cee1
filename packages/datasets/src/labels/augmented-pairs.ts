// The augmentors' output as trainers read it: what was done to each unlabelled photograph and how to say it.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { countRecords, recordsOf, type Slice } from '../text/line-lists.ts';
import type { AugmentedPair } from './augmented-pair.ts';

/** The pairs of an augment artifact, by index and draw: all, or a slice of them. What was drawn for them is left out. */
export function readPairs(dir: string, slice?: Slice): AugmentedPair[] {
  const pairs: AugmentedPair[] = [];
  for (const { index, draw, original, augmented, groups, labels } of recordsIn(dir, slice))
    pairs.push({ index, draw, original, augmented, groups, labels });
  return pairs;
}

/** How many there are. */
export const numPairs = (dir: string): number => countRecords(pairFiles(dir));

/** Augmented copies of each photograph. */
export function numDraws(dir: string): number {
  let draws = 0;
  for (const { draw } of recordsIn(dir)) {
    if (draw < draws) break;
    draws += 1;
  }
  return draws;
}

function recordsIn(dir: string, slice?: Slice): Iterable<AugmentedPair> {
  return recordsOf<AugmentedPair>(pairFiles(dir), 'the pairs', slice);
}

function pairFiles(dir: string): string[] {
  const items = readdirSync(dir).flatMap((name) => /^pairs-(\d+)\.jsonl$/.exec(name)?.[1] ?? []);
  return items.sort((a, b) => Number(a) - Number(b)).map((item) => join(dir, `pairs-${item}.jsonl`));
}

/** Ids of a pair's photographs among the encoded ones. */
export const originalId = (index: number): string => `original/${index}`;
export const augmentedId = ({ index, draw }: Pick<AugmentedPair, 'index' | 'draw'>): string =>
  `augmented/${index}-${draw}`;
