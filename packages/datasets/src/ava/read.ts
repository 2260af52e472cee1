// AVA as trainers and evaluators see it: the official test list, and every other labelled image for training.
// 70 ids of the real test list have no label and some images do not decode, so counts are reported, never assumed.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileNamesIn } from '@calm-orch/core';
import { wantedFolder } from '../folders.ts';
import { imageFileState } from '../images/image-files.ts';
import { readAvaLabelFile, type AvaLabel } from './derived.ts';
import { meanOfVotes, readAvaRows, readIdList } from './rows.ts';

export interface AvaItem {
  readonly id: number;
  /** Mean vote, 1..10. */
  readonly meanScore: number;
  /** Vote counts c1..c10; empty where only the mean was published. */
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
  /** The official test list, labelled and there or not: what no training may see. */
  readonly testIds: ReadonlySet<number>;
  readonly counts: AvaCounts;
}

/** Names under which the images are found in the wild. */
export const avaImageFolders = ['images', 'ava_images', 'image'] as const;

/** Label files that serve where AVA.txt is missing; those of one line together hold all rows. */
const derivedFiles: readonly (readonly string[])[] = [
  ['meta_info_AVADataset.csv'],
  ['ava_labels_train.json', 'ava_labels_test.json'],
  ['train.csv', 'val.csv', 'test.csv'],
  ['train_ava.json', 'test_ava.json'],
];
export const avaLabelFiles: readonly string[] = ['AVA.txt', ...derivedFiles.flat()];
export const avaTestList = 'aesthetics_image_lists/generic_test.jpgl';

/** The folder with the images. Throws CalmError not_found. */
export function avaImageFolder(dir: string): string {
  return wantedFolder(dir, avaImageFolders, 'AVA', 'put <id>.jpg into one of these folders');
}

/** Streams the labels of AVA.txt, or those of what others derived from it; each id once. */
export function* readAvaLabels(dir: string): Iterable<AvaLabel> {
  const derived = derivedFiles.map((names) => names.map((name) => join(dir, name)).filter((path) => existsSync(path)));
  const files = existsSync(join(dir, 'AVA.txt')) ? undefined : derived.find((paths) => paths.length > 0);
  if (files === undefined) {
    for (const { id, votes } of readAvaRows(join(dir, 'AVA.txt'))) yield { id, votes, meanScore: meanOfVotes(votes) };
    return;
  }
  yield* new Map(files.flatMap(readAvaLabelFile).map((label) => [label.id, label])).values();
}

/** Reads `dir` (AVA.txt, aesthetics_image_lists/, images/). Throws CalmError not_found or bad_data ('file:line: …'). */
export function readAva(dir: string): Ava {
  const folder = avaImageFolder(dir);
  const rows = [...readAvaLabels(dir)];
  const testIds = new Set(readIdList(join(dir, avaTestList)));
  const present = new Set(fileNamesIn(folder));
  const labeledIds = new Set(rows.map(({ id }) => id));
  const train: AvaItem[] = [];
  const test: AvaItem[] = [];
  let missingImages = 0;
  let unreadableImages = 0;
  for (const { id, votes, meanScore } of rows) {
    const name = `${id}.jpg`;
    const path = join(folder, name);
    const state = present.has(name) ? imageFileState(path) : 'missing';
    if (state === 'missing') missingImages += 1;
    else if (state === 'unreadable') unreadableImages += 1;
    else (testIds.has(id) ? test : train).push({ id, meanScore, votes, path });
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
  return { train, test, testIds, counts };
}
