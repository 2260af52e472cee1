// Annotators for choosing settings (`evaluate.split: val`): some of FLICKR-AES's training annotators stand where the test
// annotators do, and the others train without their photographs. The test annotators are not read.
import { rng } from '@calm-orch/core';
import type { Annotator } from './read.ts';

/** As many ratings as a test annotator has at most: of thousands each, too few photographs would be left for training. */
const mostRatings = 171;

export interface ValidationSides {
  readonly train: readonly Annotator[];
  /** A tenth of the annotators, one at least, the same for every seed. */
  readonly test: readonly Annotator[];
}

export function validationSides(annotators: readonly Annotator[]): ValidationSides {
  const some = <T>(all: readonly T[], most: number, ...key: string[]): readonly T[] => {
    const chosen = new Set(
      rng('files', 'personal', 'val', ...key)
        .shuffle(all)
        .slice(0, most),
    );
    return all.filter((one) => chosen.has(one));
  };
  const held = some(annotators, Math.max(1, Math.round(annotators.length / 10)));
  const test = held.map(({ worker, ratings }) => ({ worker, ratings: some(ratings, mostRatings, worker) }));
  const images = new Set(test.flatMap(({ ratings }) => ratings.map(({ image }) => image)));
  const train = annotators
    .filter((one) => !held.includes(one))
    .map(({ worker, ratings }) => ({ worker, ratings: ratings.filter(({ image }) => !images.has(image)) }));
  return { train, test };
}
