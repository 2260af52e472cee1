// Annotators and photographs of personalized assessment as stages read them, the same whether the artifact of stage
// `data-personal` holds the embedded FLICKR-AES or lists what can be used of the one on this machine. Of that nothing is
// copied: item 0 lists the annotators, every item decodes a run of the photographs and lists those that are.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CalmError,
  mostPersonalPhotos,
  personalPhotosPerItem,
  rng,
  writeFileAtomic,
  type EvaluationSplit,
  type PersonalConfig,
} from '@calm-orch/core';
import { catalogNotes, catalogPaths, catalogUse } from '../catalog/layout.ts';
import { checkImage } from '../images/check-image.ts';
import { imageNamesIn } from '../images/image-files.ts';
import { readFlickrAes, type Annotator } from './read.ts';
import { flickrAesFiles } from './rows.ts';
import { validationSides } from './validation.ts';

export interface Annotators {
  readonly train: readonly Annotator[];
  readonly test: readonly Annotator[];
}

export interface PersonalPhoto {
  /** Name in 40K/. */
  readonly id: string;
  readonly path: string;
}

const decodedAtOnce = 4;

const annotatorsFile = join(catalogPaths.folder, 'annotators.json');
const photosFile = (item: number): string =>
  join(catalogPaths.folder, `photographs-${String(item).padStart(4, '0')}.json`);

export interface ListFlickrAesOptions {
  /** FLICKR-AES's own folder. */
  readonly root: string;
  readonly seed: number;
  readonly personal: Pick<PersonalConfig, 'testWorkers' | 'maxAnnotators' | 'maxRatings'>;
  /** `val`: training annotators stand where the test annotators do. @default test */
  readonly split?: EvaluationSplit;
  readonly item: number;
  readonly outputDir: string;
  readonly signal?: AbortSignal;
  readonly onPhoto?: (numDone: number, total: number) => void;
}

/** Writes one item under `outputDir`. @throws CalmError not_found, bad_data ('file:line: …'), cancelled. */
export async function listFlickrAes(options: ListFlickrAesOptions): Promise<{ kept: number; dropped: number }> {
  const { root, seed, personal, item, outputDir, signal, onPhoto } = options;
  const { testWorkers } = personal;
  const flickr = readFlickrAes(root, testWorkers === null ? {} : { testWorkers });
  const sides = options.split === 'val' ? validationSides(flickr.train) : flickr;
  const annotators = {
    train: limited(sides.train, personal, seed, 'train'),
    test: limited(sides.test, personal, seed, 'test'),
  };
  const write = (file: string, value: unknown): void =>
    writeFileAtomic(join(outputDir, file), `${JSON.stringify(value)}\n`);
  if (item === 0) {
    write(annotatorsFile, annotators);
    write(catalogUse('personal'), [flickr.use]);
    write(catalogNotes('personal'), [
      ...flickr.warnings,
      ...(sides === flickr
        ? []
        : [
            `FLICKR-AES: ${sides.test.length} of ${flickr.train.length} training annotators are evaluated on (evaluate.split: val)`,
          ]),
    ]);
  }
  const images = new Set([...annotators.train, ...annotators.test].flatMap(({ ratings }) => ratings.map(imageOf)));
  const all = [...images].sort().map((id): PersonalPhoto => ({ id, path: flickr.pathOf(id) }));
  const mostPhotos = mostPersonalPhotos(personal);
  if (all.length > mostPhotos)
    throw new CalmError(
      'bad_data',
      `FLICKR-AES: ${all.length} rated photographs in ${root}, at most ${mostPhotos} are read; set personal.maxAnnotators and personal.maxRatings`,
    );
  const mine = all.slice(item * personalPhotosPerItem, (item + 1) * personalPhotosPerItem);
  const kept: PersonalPhoto[] = [];
  const dropped: { path: string; reason: string }[] = [];
  for (let start = 0; start < mine.length; start += decodedAtOnce) {
    if (signal?.aborted) throw new CalmError('cancelled', 'data-personal: cancelled');
    const some = mine.slice(start, start + decodedAtOnce);
    const reasons = await Promise.all(some.map(({ path }) => checkImage(path)));
    some.forEach((photo, i) => {
      const reason = reasons[i]!;
      if (reason === null) kept.push(photo);
      else dropped.push({ path: photo.path, reason });
    });
    onPhoto?.(start + some.length, mine.length);
  }
  write(photosFile(item), kept);
  if (dropped.length > 0) write(join(catalogPaths.folder, `dropped-personal-${item}.json`), dropped);
  return { kept: kept.length, dropped: dropped.length };
}

const imageOf = ({ image }: { readonly image: string }): string => image;

/** At most so many annotators of a side and ratings of each, drawn by the seed, in their order. */
function limited(
  annotators: readonly Annotator[],
  { maxAnnotators, maxRatings }: ListFlickrAesOptions['personal'],
  seed: number,
  side: string,
): Annotator[] {
  const some = <T>(all: readonly T[], most: number | null, ...key: string[]): readonly T[] => {
    if (most === null || all.length <= most) return all;
    const chosen = new Set(
      rng('files', seed, 'personal', ...key)
        .shuffle(all)
        .slice(0, most),
    );
    return all.filter((one) => chosen.has(one));
  };
  return some(annotators, maxAnnotators, side).map(({ worker, ratings }) => ({
    worker,
    ratings: some(ratings, maxRatings, side, worker),
  }));
}

/** Annotators with the ratings of photographs that are there and decode. */
export function readAnnotators(dataPersonal: string): Annotators {
  const file = join(dataPersonal, annotatorsFile);
  if (!existsSync(file)) return readFlickrAes(dataPersonal);
  const { train, test } = JSON.parse(readFileSync(file, 'utf8')) as Annotators;
  const usable = new Set(personalPhotos(dataPersonal).map(({ id }) => id));
  const side = (annotators: readonly Annotator[]): Annotator[] =>
    annotators.map(({ worker, ratings }) => ({ worker, ratings: ratings.filter(({ image }) => usable.has(image)) }));
  return { train: side(train), test: side(test) };
}

/** The photographs, in a fixed order. */
export function personalPhotos(dataPersonal: string): PersonalPhoto[] {
  const folder = join(dataPersonal, catalogPaths.folder);
  if (!existsSync(folder)) {
    const images = join(dataPersonal, flickrAesFiles.images);
    return imageNamesIn(images).map((id) => ({ id, path: join(images, id) }));
  }
  return readdirSync(folder)
    .filter((name) => name.startsWith('photographs-'))
    .sort()
    .flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as PersonalPhoto[]);
}
