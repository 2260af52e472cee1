import type { AugmentationGroup } from '@calm-orch/core';
import type { Labels } from './grammar.ts';

/** One line of pairs-<item>.jsonl, which stage `augment` writes: a photograph, its copy, and sentences that say what was changed. */
export interface AugmentedPair {
  readonly index: number;
  /** Which of the photograph's copies, from 0; of one photograph all stand together, in order. */
  readonly draw: number;
  /** Absolute, or relative to the artifact of stage `data`. */
  readonly original: string;
  /** Relative to the artifact of stage `augment`. */
  readonly augmented: string;
  /** Groups of the augmentations, sorted. */
  readonly groups: readonly AugmentationGroup[];
  readonly labels: Labels;
}
