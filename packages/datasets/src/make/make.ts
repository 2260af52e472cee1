// The embedded data written once more as every real dataset comes: same file names, delimiters, typos and gaps, photographs
// rendered by the studio. For trying `--data` and for the readers' tests. A function of its options alone.
import { join } from 'node:path';
import { dataItems, datasetNames, nano, writeFileAtomic, type DataConfig, type DatasetName } from '@calm-orch/core';
import { formatRawComments, rawCommentsFile } from '../ava-captions/raw-comments.ts';
import { numStyles } from '../ava/lists.ts';
import { studioPaths, testIdsOf } from '../catalog/layout.ts';
import { studioRecord } from '../studio/photo.ts';
import { writeStudioImages } from '../studio/write-images.ts';
import { writeComments, writeGeneric, writeLabeled } from '../studio/write-lists.ts';
import { makeConversations } from './conversations.ts';
import { croissantFile, croissantOf } from './croissant.ts';
import { makeFlickrAes } from './flickr-aes.ts';
import { makeRated } from './rated.ts';

export interface MakeOptions {
  readonly dir: string;
  /** Photographs of AVA for training; the other sizes follow. @default 240 */
  readonly numTrain?: number;
  /** @default 0 */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

export const madeDataFile = 'data.yaml';

/** Writes a folder per dataset, the file for `--data` and a Croissant description beside them; returns that file's path. */
export async function makeDatasets({ dir, numTrain = 240, seed = 0, signal }: MakeOptions): Promise<string> {
  // Five at least: then every split of every dataset has a photograph.
  const size = Math.max(5, Math.round(numTrain / 10));
  const data: DataConfig = {
    ...nano.data,
    seed,
    numTrain,
    numTest: Math.max(1, Math.round(numTrain / 4)),
    numGeneric: Math.round(numTrain / 3),
    numUnlabeled: 1,
  };
  writeLabeled(data, dir);
  writeComments(data, dir);
  writeGeneric(data, dir);
  writeFurtherAvaLists(data, dir);
  for (const item of [...dataItems(data, 'labeled'), ...dataItems(data, 'generic')])
    await writeStudioImages({ data, item, outputDir: dir, ...(signal && { signal }) });
  await makeRated(dir, data, size);
  await makeFlickrAes(join(dir, 'FLICKR-AES'), data);
  await makeConversations(dir, data, size);
  const lines = datasetNames.map((name: DatasetName) => `${name}: ${name}\n`);
  const path = join(dir, madeDataFile);
  writeFileAtomic(
    path,
    `# The embedded data in the formats of the real datasets, written by \`calm-orch data make\`.\n${lines.join('')}`,
  );
  writeFileAtomic(join(dir, croissantFile), croissantOf(dir, { numTrain, seed }));
  return path;
}

/** Styles and a theme of AVA, raw comments of AVA-Captions. */
function writeFurtherAvaLists(data: DataConfig, dir: string): void {
  const write = (path: string, lines: readonly (string | number)[]): void =>
    writeFileAtomic(join(dir, path), lines.map((line) => `${line}\n`).join(''));
  const testIds = testIdsOf(data);
  const isTest = new Set(testIds);
  const ids = Array.from({ length: data.numTrain + data.numTest }, (_, i) => i + 1);
  const trainIds = ids.filter((id) => !isTest.has(id));
  const some = <T>(list: readonly T[]): readonly T[] => list.slice(0, 10);
  const styles = `${studioPaths.ava}/style_image_lists`;
  write(`${studioPaths.ava}/aesthetics_image_lists/landscape_train.jpgl`, some(trainIds));
  write(`${studioPaths.ava}/aesthetics_image_lists/landscape_test.jpgl`, some(testIds));
  write(`${styles}/train.jpgl`, some(trainIds));
  write(
    `${styles}/train.lab`,
    some(trainIds).map((id) => (id % numStyles) + 1),
  );
  write(`${styles}/test.jpgl`, some(testIds));
  write(
    `${styles}/test.multilab`,
    some(testIds).map((id) => Array.from({ length: numStyles }, (_, i) => (i === id % numStyles ? 1 : 0)).join(' ')),
  );
  write(
    `${styles}/styles.txt`,
    Array.from({ length: numStyles }, (_, i) => `${i + 1} Style_${i + 1}`),
  );
  const comments = ids.map((id) => studioRecord(data.seed, 'labeled', id).comments);
  write(
    `${studioPaths.avaCaptions}/${rawCommentsFile}`,
    ids.map((id, i) => formatRawComments(i, { id, comments: comments[i]! })),
  );
}
