// How much of FLICKR-AES personalized assessment reads: of the embedded one what is made, of the one on this machine what
// is published of it, for no plan looks into the files. A pure function of the configuration.
import type { PersonalConfig, TrialConfig } from './schema.ts';

/** Photographs decoded per item of stage `data-personal`. */
export const personalPhotosPerItem = 2500;

/** Ren et al. 2017: listed photographs, annotators and their mean number of ratings. */
const published = {
  photos: 40_988,
  train: { annotators: 173, ratings: 1087 },
  test: { annotators: 37, ratings: 137 },
} as const;
/** More than any copy of the dataset lists. */
const mostListed = 50_000;

export interface PersonalSizes {
  /** An estimate with `files`. */
  readonly photos: number;
  /** What is cut into items: never less than there are. */
  readonly mostPhotos: number;
  /** Of all test annotators together. */
  readonly testRatings: number;
}

type Limits = Pick<PersonalConfig, 'maxAnnotators' | 'maxRatings'>;

/** The most photographs that are read of FLICKR-AES on this machine. */
export const mostPersonalPhotos = ({ maxAnnotators, maxRatings }: Limits): number =>
  Math.min(mostListed, 2 * (maxAnnotators ?? Infinity) * (maxRatings ?? Infinity));

export function personalSizes({ data, personal }: Pick<TrialConfig, 'data' | 'personal'>): PersonalSizes {
  const { train, test, maxAnnotators, maxRatings } = personal;
  if (data.source === 'studio') {
    const photos = train.photos + test.photos;
    return { photos, mostPhotos: photos, testRatings: test.annotators * test.ratings };
  }
  const ratingsOf = ({ annotators, ratings }: { annotators: number; ratings: number }): number =>
    Math.min(maxAnnotators ?? annotators, annotators) * Math.min(maxRatings ?? ratings, ratings);
  const testRatings = ratingsOf(published.test);
  const photos = Math.min(published.photos, ratingsOf(published.train) + testRatings);
  return { photos, mostPhotos: mostPersonalPhotos(personal), testRatings };
}
