// What stands for the content of a dataset folder in a stage's key: label files by their bytes, images by name, size and
// time of change (hundreds of thousands are too many to read for every plan), anything else not at all.
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import {
  CalmError,
  inputUseText,
  leftOutNote,
  stampOf,
  walkFolder,
  whyUnreadable,
  type LeftOut,
} from '@calm-orch/core';
import { usedUserFolder } from '../photos/photo-folder.ts';

const labelFile = /\.(txt|csv|json|jsonl|jpgl|lab|multilab|xlsx|mat)$/i;
const imageFile = /\.(jpe?g|png|gif|webp|bmp|tiff?)$/i;
const chunkBytes = 1 << 20;

export type DatasetIdentity = {
  /** sha256 over names and bytes of the label files. */
  readonly labels: string;
  /** sha256 over names, sizes and times of the images. */
  readonly images: string;
};

/** An identity, and what of the folder nobody can read and it does not cover. */
export interface FolderIdentity<T> {
  readonly identity: T;
  readonly note: string | null;
}

/** Links are followed. Throws CalmError not_found or io. */
export function datasetIdentity(name: string, dir: string): FolderIdentity<DatasetIdentity> {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CalmError('not_found', `${name}: no folder ${dir}; correct its root in the file of --data`);
  }
  const [labels, images] = [createHash('sha256'), createHash('sha256')];
  const { files, leftOut } = walkFolder(dir);
  const unread: LeftOut[] = [];
  for (const file of files) {
    if (imageFile.test(file.name)) images.update(`${stampOf(file)}\n`);
    else if (labelFile.test(file.name)) {
      labels.update(`${JSON.stringify([file.name, file.bytes])}\n`);
      try {
        hashBytes(file.path, labels);
      } catch (error) {
        unread.push({ name: file.name, reason: whyUnreadable(error) });
      }
    }
  }
  return {
    identity: { labels: labels.digest('hex'), images: images.digest('hex') },
    note: leftOutNote(`${name}, ${dir}`, [...leftOut, ...unread]),
  };
}

/**
 * The same of a folder of one's own photographs, of which those directly in it and their masks are read.
 * @throws CalmError not_found for a folder of which nothing can be used.
 */
export function photosIdentity(dir: string): FolderIdentity<string> {
  const { files, use } = usedUserFolder(dir);
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${stampOf(file)}\n`);
  return { identity: hash.digest('hex'), note: inputUseText(use) };
}

function hashBytes(path: string, hash: Hash): void {
  const descriptor = openSync(path, 'r');
  const buffer = Buffer.allocUnsafe(chunkBytes);
  try {
    for (let n; (n = readSync(descriptor, buffer, 0, chunkBytes, null)) > 0;) hash.update(buffer.subarray(0, n));
  } finally {
    closeSync(descriptor);
  }
}
