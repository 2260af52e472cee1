// The two label files of FLICKR-AES (Ren et al., ICCV 2017). The CSV has a space after every comma, header included;
// lines of the score list start with a space. So cells are trimmed and lines split on runs of white space.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { badLine, linesOf, readTextFile } from '../text/lines.ts';

export interface FlickrAesRating {
  readonly worker: string;
  /** File name in 40K/. */
  readonly image: string;
  /** Integer 1..5. */
  readonly score: number;
}

export const flickrAesFiles = {
  ratings: 'FLICKR-AES_image_labeled_by_each_worker.csv',
  scores: 'FLICKR-AES_image_score.txt',
  images: '40K',
} as const;

const header = ['worker', 'imagePair', 'score'] as const;

/** Reads the ratings in file order. Throws CalmError not_found or bad_data ('file:line: …'). */
export function readFlickrAesRatings(dir: string): FlickrAesRating[] {
  const path = join(dir, flickrAesFiles.ratings);
  const ratings: FlickrAesRating[] = [];
  let headed = false;
  for (const { text, number } of linesOf(readTextFile(path, 'FLICKR-AES'))) {
    const cells = text.split(',').map((cell) => cell.trim());
    if (!headed) {
      if (cells.join() !== header.join()) throw badLine(path, number, `the header '${header.join(', ')}'`, `'${text}'`);
      headed = true;
      continue;
    }
    const [worker = '', image = '', score = ''] = cells;
    if (cells.length !== header.length || worker === '' || image === '') {
      throw badLine(path, number, 'a worker, a file name and a score', `'${text}'`);
    }
    if (!/^[1-5]$/.test(score)) throw badLine(path, number, 'a score 1..5', `'${score}'`);
    ratings.push({ worker, image, score: Number(score) });
  }
  if (!headed) throw badLine(path, 1, `the header '${header.join(', ')}'`, 'an empty file');
  return ratings;
}

/** Reads the score list: file name -> score. Throws CalmError not_found or bad_data ('file:line: …'). */
export function readFlickrAesScores(dir: string): Map<string, number> {
  const path = join(dir, flickrAesFiles.scores);
  const scores = new Map<string, number>();
  for (const { text, number } of linesOf(readTextFile(path, 'FLICKR-AES'))) {
    const [image = '', score = '', ...rest] = text.split(/\s+/);
    if (score === '' || rest.length > 0 || !Number.isFinite(Number(score))) {
      throw badLine(path, number, 'a file name and a score', `'${text}'`);
    }
    if (scores.has(image)) throw badLine(path, number, 'each image once', `'${image}' again`);
    scores.set(image, Number(score));
  }
  return scores;
}

/** Writes both label files into `dir`, with the real files' spaces. */
export function writeFlickrAes(
  dir: string,
  labels: { readonly ratings: readonly FlickrAesRating[]; readonly scores: ReadonlyMap<string, number> },
): void {
  const rows = labels.ratings.map(({ worker, image, score }) => `${worker}, ${image}, ${score}\n`);
  writeFileSync(join(dir, flickrAesFiles.ratings), `${header.join(', ')}\n${rows.join('')}`);
  const lines = [...labels.scores].map(([image, score]) => ` ${image} ${score}\n`);
  writeFileSync(join(dir, flickrAesFiles.scores), lines.join(''));
}
