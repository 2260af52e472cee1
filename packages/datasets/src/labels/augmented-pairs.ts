// The augmentors' output as trainers read it: what was done to each unlabelled photograph and how to say it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AugmentedPair } from './augmented-pair.ts';

/** All pairs of an augment artifact, by index and draw. */
export function readPairs(dir: string): AugmentedPair[] {
  return readdirSync(dir)
    .filter((name) => /^pairs-\d+\.jsonl$/.test(name))
    .flatMap((name) => readFileSync(join(dir, name), 'utf8').split('\n').filter(Boolean))
    .map((line) => JSON.parse(line) as AugmentedPair)
    .sort((a, b) => a.index - b.index || a.draw - b.draw);
}

/** Ids of a pair's photographs among the encoded ones. */
export const originalId = (index: number): string => `original/${index}`;
export const augmentedId = ({ index, draw }: Pick<AugmentedPair, 'index' | 'draw'>): string =>
  `augmented/${index}-${draw}`;
