// The augmentors' output as the trainer reads it: what was done to each unlabelled photograph and how to say it.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { recordsOf, type AugmentedPair, type Slice } from '@calm-orch/datasets';

/** The pairs of an augment artifact, by index: all, or a slice of them. What was drawn for them is left out. */
export function readPairs(dir: string, slice?: Slice): AugmentedPair[] {
  const items = readdirSync(dir).flatMap((name) => /^pairs-(\d+)\.jsonl$/.exec(name)?.[1] ?? []);
  const paths = items.sort((a, b) => Number(a) - Number(b)).map((item) => join(dir, `pairs-${item}.jsonl`));
  const pairs: AugmentedPair[] = [];
  for (const { index, original, augmented, groups, labels } of recordsOf<AugmentedPair>(paths, 'the pairs', slice))
    pairs.push({ index, original, augmented, groups, labels });
  return pairs;
}

/** Ids of a pair's photographs among the encoded ones. */
export const originalId = (index: number): string => `original/${index}`;
export const augmentedId = (index: number): string => `augmented/${index}`;
