// The embedded FLICKR-AES: photographs of a pool of their own and what annotators gave each, in the real files' format.
// Test annotators rate as many photographs as the reader's rule for test workers asks for, all from the test half. Of the
// validation split others stand in their place, with as many photographs of their own, and the test half is not made.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  CalmError,
  rng,
  writeFileAtomic,
  type DataConfig,
  type EvaluationSplit,
  type PersonalConfig,
} from '@calm-orch/core';
import { flickrAesFiles, writeFlickrAes, type FlickrAesRating } from '../flickr-aes/rows.ts';
import { ratingOf, studioAnnotator, type Side } from './annotators.ts';
import { studioImage } from './photo.ts';
import { toBytes } from './render.ts';
import { encodeJpeg } from './write-images.ts';

export interface WritePersonalOptions {
  readonly data: Pick<DataConfig, 'seed' | 'imageSize'>;
  readonly personal: Pick<PersonalConfig, 'train' | 'test'>;
  /** @default test */
  readonly split?: EvaluationSplit;
  readonly outputDir: string;
  readonly signal?: AbortSignal;
  readonly onPhoto?: (numDone: number) => void;
}

const imageName = (id: number): string => `farm1_${String(id).padStart(5, '0')}.jpg`;

type Sizes = Pick<PersonalConfig, 'train' | 'test'>;

/** Number of photographs of the pool before a side's: train photographs come first, then the test's, then validation's. */
const photosBefore = ({ train, test }: Sizes, side: Side): number =>
  ({ train: 0, test: train.photos, val: train.photos + test.photos })[side];

/** Of training and of the split; a rating's photograph is drawn from its annotator's part of the pool. */
export function personalRatings(seed: number, personal: Sizes, split: EvaluationSplit = 'test'): FlickrAesRating[] {
  const side = (which: Side): FlickrAesRating[] => {
    const { annotators, photos, ratings } = personal[which === 'train' ? which : 'test'];
    const first = photosBefore(personal, which);
    return Array.from({ length: annotators }, (_, index) => studioAnnotator(seed, which, index)).flatMap(
      (annotator) => {
        const ids = Array.from({ length: photos }, (_, i) => first + i + 1);
        const own = rng('studio', seed, 'rated by', annotator.name).shuffle(ids).slice(0, ratings);
        return own.map((id) => ({
          worker: annotator.name,
          image: imageName(id),
          score: ratingOf(seed, annotator, id),
        }));
      },
    );
  };
  return [...side('train'), ...side(split)];
}

/** Writes label files and photographs of FLICKR-AES into `outputDir`. */
export async function writeStudioPersonal(options: WritePersonalOptions): Promise<void> {
  const { data, personal, split = 'test', outputDir, signal, onPhoto } = options;
  const ratings = personalRatings(data.seed, personal, split);
  const sums = new Map<string, { sum: number; count: number }>();
  for (const { image, score } of ratings) {
    const { sum, count } = sums.get(image) ?? { sum: 0, count: 0 };
    sums.set(image, { sum: sum + score, count: count + 1 });
  }
  const scores = new Map([...sums].map(([image, { sum, count }]) => [image, (sum / count - 1) / 4]));
  mkdirSync(outputDir, { recursive: true });
  writeFlickrAes(outputDir, { ratings, scores });
  const total = personal.train.photos + personal.test.photos;
  for (let done = 1; done <= total; done++) {
    const id = done <= personal.train.photos ? done : done - personal.train.photos + photosBefore(personal, split);
    if (signal?.aborted) throw new CalmError('cancelled', 'data-personal: cancelled');
    const { image } = studioImage(data.seed, 'personal', id, data.imageSize);
    const path = join(outputDir, flickrAesFiles.images, imageName(id));
    writeFileAtomic(path, await encodeJpeg(toBytes(image), data.imageSize));
    onPhoto?.(done);
  }
}
