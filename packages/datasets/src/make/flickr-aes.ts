// FLICKR-AES in its real format: two annotators whose number of ratings makes them test workers, and a few others who
// rated other photographs. Each sees the photographs with a taste of their own.
import { mkdirSync } from 'node:fs';
import { rng, type DataConfig } from '@calm-orch/core';
import { flickrAesFiles, writeFlickrAes, type FlickrAesRating } from '../flickr-aes/rows.ts';
import { traitNames } from '../studio/taste.ts';
import { idsFrom, recordOf, writePhotograph } from './photograph.ts';

const firstId = 7_000_000;
/** A test worker has 105 to 171 ratings. */
const numTestImages = 105;
const numTrainImages = 25;
const testWorkers = ['A1TEST', 'A2TEST'] as const;
const trainWorkers = ['A3TRAIN', 'A4TRAIN', 'A5TRAIN', 'A6TRAIN'] as const;

export async function makeFlickrAes(dir: string, data: DataConfig): Promise<void> {
  const ids = idsFrom(firstId, numTestImages + numTrainImages);
  const nameOf = (id: number): string => `farm1_${id}_studio.jpg`;
  const rate = (worker: string, id: number): FlickrAesRating => {
    const { traits, score } = recordOf(data, 'unlabeled', id);
    const weights = rng('flickr-aes', data.seed, worker);
    const own = traitNames.reduce((sum, name) => sum + weights.normal(0, 0.5) * traits[name], score / 2);
    return { worker, image: nameOf(id), score: Math.min(5, Math.max(1, Math.round(own))) };
  };
  const [test, train] = [ids.slice(0, numTestImages), ids.slice(numTestImages)];
  const ratings = [
    ...testWorkers.flatMap((worker) => test.map((id) => rate(worker, id))),
    ...trainWorkers.flatMap((worker) => train.map((id) => rate(worker, id))),
  ];
  const scores = new Map(ids.map((id) => [nameOf(id), Math.round(recordOf(data, 'unlabeled', id).score * 100) / 1000]));
  mkdirSync(dir, { recursive: true });
  writeFlickrAes(dir, { ratings, scores });
  for (const id of ids) await writePhotograph(data, 'unlabeled', id, dir, flickrAesFiles.images, nameOf(id));
}
