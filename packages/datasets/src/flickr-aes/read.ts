// FLICKR-AES with the split of annotators rebuilt: no split file is shipped. Test workers are those who rated 105..171
// images as listed (or an explicit list), test images the union of theirs; train workers keep their other images only,
// so no image is on both sides. The published split has 37 test workers and 4,737 test images: a difference is reported.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, fileNamesIn, tallyInput, type InputUse } from '@calm-orch/core';
import { withoutImage } from '../rated-photos.ts';
import { flickrAesFiles, readFlickrAesRatings, type FlickrAesRating } from './rows.ts';

export interface Annotator {
  readonly worker: string;
  /** In file order, each image once. */
  readonly ratings: readonly FlickrAesRating[];
}

export interface FlickrAesSplitOptions {
  readonly testWorkers?: readonly string[];
  /** Least and most images of a test worker, both included. */
  readonly testImages?: readonly [number, number];
}

export interface FlickrAes {
  /** In the order of each worker's first rating. */
  readonly train: readonly Annotator[];
  readonly test: readonly Annotator[];
  readonly counts: {
    readonly ratings: number;
    readonly repeatedRatings: number;
    readonly ratingsWithoutImage: number;
    /** Ratings of test images by train workers, left out. */
    readonly trainRatingsOfTestImages: number;
    readonly testImages: number;
  };
  readonly use: InputUse;
  readonly warnings: readonly string[];
  /** Where a rated image lies. */
  readonly pathOf: (image: string) => string;
}

const published = { workers: 37, images: 4737 } as const;

/** Reads `dir` (label file and 40K/). Throws CalmError not_found or bad_data. */
export function readFlickrAes(dir: string, options: FlickrAesSplitOptions = {}): FlickrAes {
  const folder = join(dir, flickrAesFiles.images);
  if (!existsSync(folder)) throw new CalmError('not_found', `FLICKR-AES: no folder ${folder}; put the images there`);
  const present = new Map(fileNamesIn(folder).map((name) => [name.normalize(), name]));
  const tally = tallyInput('FLICKR-AES', 'ratings');
  const ratings = readFlickrAesRatings(dir);
  const byWorker = new Map<string, Map<string, FlickrAesRating>>();
  for (const rating of ratings) {
    const own = byWorker.get(rating.worker) ?? new Map<string, FlickrAesRating>();
    if (own.has(rating.image)) tally.leave('given again', `${rating.worker} ${rating.image}`);
    else own.set(rating.image, rating);
    byWorker.set(rating.worker, own);
  }
  const unknown = options.testWorkers?.find((worker) => !byWorker.has(worker));
  if (unknown !== undefined) {
    throw new CalmError('not_found', `FLICKR-AES: test worker '${unknown}' has no rating in ${dir}; check the list`);
  }
  const [least, most] = options.testImages ?? [105, 171];
  const explicit = options.testWorkers && new Set(options.testWorkers);
  const isTest = (worker: string, count: number): boolean => explicit?.has(worker) ?? (count >= least && count <= most);
  const annotators = [...byWorker].map(([worker, own]) => ({
    worker,
    isTest: isTest(worker, own.size),
    ratings: [...own.values()].filter(({ image }) => {
      const isPresent = present.has(image.normalize());
      if (!isPresent) tally.leave(withoutImage, image);
      return isPresent;
    }),
  }));
  const distinct = [...byWorker.values()].reduce((sum, own) => sum + own.size, 0);
  const kept = annotators.reduce((sum, { ratings: own }) => sum + own.length, 0);
  const side = (wanted: boolean): Annotator[] =>
    annotators.filter((one) => one.isTest === wanted).map(({ worker, ratings: own }) => ({ worker, ratings: own }));
  const test = side(true);
  const testImages = new Set(test.flatMap(({ ratings: own }) => own.map(({ image }) => image)));
  const allTrain = side(false);
  const train = allTrain.map(({ worker, ratings: own }) => ({
    worker,
    ratings: own.filter(({ image }) => {
      const isTest = testImages.has(image);
      if (isTest) tally.leave('of a test image by a train worker', `${worker} ${image}`);
      return !isTest;
    }),
  }));
  const size = (list: readonly Annotator[]): number => list.reduce((sum, { ratings: own }) => sum + own.length, 0);
  for (let i = 0; i < size(train) + size(test); i++) tally.use();
  const matches = test.length === published.workers && testImages.size === published.images;
  return {
    train,
    test,
    counts: {
      ratings: ratings.length,
      repeatedRatings: ratings.length - distinct,
      ratingsWithoutImage: distinct - kept,
      trainRatingsOfTestImages: size(allTrain) - size(train),
      testImages: testImages.size,
    },
    use: tally.result(),
    pathOf: (image) => join(folder, present.get(image.normalize())!),
    warnings: matches
      ? []
      : [
          `FLICKR-AES: ${test.length} test workers with ${testImages.size} images, published are ` +
            `${published.workers} with ${published.images}; give the list of test workers if you have it`,
        ],
  };
}
