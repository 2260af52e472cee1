// What stands for the content of a dataset folder in a stage's key: label files by their bytes, images by name, size and
// time of change (hundreds of thousands are too many to read for every plan), archives and documents not at all.
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import {
  CalmError,
  inputUseText,
  leftOutNote,
  sha256OfFile,
  stampOf,
  walkFolder,
  whyUnreadable,
  type FoundFile,
  type LeftOut,
} from '@calm-orch/core';
import { usedUserFolder } from '../photos/photo-folder.ts';

const labelFile = /\.(txt|csv|json|jsonl|jpgl|lab|multilab|xlsx|mat)$/i;
/** What no list names as a photograph. Anything else it may, whatever the ending of its name, or without one. */
const neither =
  /\.(zip|z\d\d|tar|t?gz|bz2|xz|7z|rar|\d{3}|md|pdf|html?|py|ipynb|m|sh|ya?ml|log)$|(^|\/)(README|LICEN[CS]E|COPYING)$/i;
/** Stamps hashed at a time: a call costs more than a stamp. */
const stampsAtOnce = 1000;

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

/**
 * Links are followed.
 * @param hashFile sha256 of a file; one that remembers spares reading gigabytes of labels for every plan.
 * @throws CalmError not_found or io.
 */
export function datasetIdentity(
  name: string,
  dir: string,
  hashFile: (path: string) => string = sha256OfFile,
): FolderIdentity<DatasetIdentity> {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CalmError('not_found', `${name}: no folder ${dir}; correct its root in the file of --data`);
  }
  const labels = createHash('sha256');
  const { files, leftOut } = walkFolder(dir);
  const unread: LeftOut[] = [];
  for (const file of files) {
    if (!labelFile.test(file.name)) continue;
    try {
      labels.update(`${JSON.stringify([file.name, hashFile(file.path)])}\n`);
    } catch (error) {
      unread.push({ name: file.name, reason: whyUnreadable(error) });
    }
  }
  const images = hashOfStamps(files.filter(({ name }) => !labelFile.test(name) && !neither.test(name)));
  return {
    identity: { labels: labels.digest('hex'), images },
    note: leftOutNote(`${name}, ${dir}`, [...leftOut, ...unread]),
  };
}

/**
 * The same of a folder of one's own photographs, of which those directly in it and their masks are read.
 * @throws CalmError not_found for a folder of which nothing can be used.
 */
export function photosIdentity(dir: string): FolderIdentity<string> {
  const { files, use } = usedUserFolder(dir);
  return { identity: hashOfStamps(files), note: inputUseText(use) };
}

function hashOfStamps(files: readonly FoundFile[]): string {
  const hash = createHash('sha256');
  for (let start = 0; start < files.length; start += stampsAtOnce) {
    const some = files.slice(start, start + stampsAtOnce);
    hash.update(some.map((file) => `${stampOf(file)}\n`).join(''));
  }
  return hash.digest('hex');
}
