// AVA as trainers and evaluators see it: the official test list, and every other labelled image for training.
// 70 ids of the real test list have no label and some images do not decode, so counts are reported, never assumed.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError } from '@calm-orch/core';
import { imageFileState } from '../image-files.ts';
import { meanOfVotes } from '../studio/taste.ts';
import { readAvaRows, readIdList } from './rows.ts';

export interface AvaItem {
  readonly id: number;
  /** Mean vote, 1..10. */
  readonly meanScore: number;
  /** Vote counts c1..c10. */
  readonly votes: readonly number[];
  /** Path of the image. */
  readonly path: string;
}

export interface AvaCounts {
  readonly labeled: number;
  readonly testListed: number;
  readonly testWithoutLabel: number;
  readonly missingImages: number;
  readonly unreadableImages: number;
  readonly train: number;
  readonly test: number;
}

export interface Ava {
  /** In the order of AVA.txt. */
  readonly train: readonly AvaItem[];
  /** In the order of AVA.txt. */
  readonly test: readonly AvaItem[];
  readonly counts: AvaCounts;
}

/** Names under which the images are found in the wild. */
const imageFolders = ['images', 'ava_images', 'image'] as const;

/** Reads `dir` (AVA.txt, aesthetics_image_lists/, images/). Throws CalmError not_found or bad_data ('file:line: …'). */
export function readAva(dir: string): Ava {
  const folder = imageFolders.map((name) => join(dir, name)).find((path) => existsSync(path));
  if (folder === undefined) {
    throw new CalmError(
      'not_found',
      `AVA: ${dir} has none of the folders ${imageFolders.join(', ')}; put <id>.jpg there`,
    );
  }
  const rows = readAvaRows(join(dir, 'AVA.txt'));
  const testIds = new Set(readIdList(join(dir, 'aesthetics_image_lists', 'generic_test.jpgl')));
  const present = new Set(readdirSync(folder));
  const labeledIds = new Set(rows.map(({ id }) => id));
  const train: AvaItem[] = [];
  const test: AvaItem[] = [];
  let missingImages = 0;
  let unreadableImages = 0;
  for (const { id, votes } of rows) {
    const name = `${id}.jpg`;
    const path = join(folder, name);
    const state = present.has(name) ? imageFileState(path) : 'missing';
    if (state === 'missing') missingImages += 1;
    else if (state === 'unreadable') unreadableImages += 1;
    else (testIds.has(id) ? test : train).push({ id, meanScore: meanOfVotes(votes), votes, path });
  }
  const counts: AvaCounts = {
    labeled: rows.length,
    testListed: testIds.size,
    testWithoutLabel: [...testIds].filter((id) => !labeledIds.has(id)).length,
    missingImages,
    unreadableImages,
    train: train.length,
    test: test.length,
  };
  return { train, test, counts };
}
