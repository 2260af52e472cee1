// What stands for the content of a dataset folder in a stage's key: label files by their bytes, images by name, size and
// time of change (hundreds of thousands are too many to read for every plan), anything else not at all.
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError } from '@calm-orch/core';

const labelFile = /\.(txt|csv|json|jsonl|jpgl|lab|multilab|xlsx|mat)$/i;
const imageFile = /\.(jpe?g|png|gif|webp|bmp|tiff?)$/i;
/** Folders that link to one above them would never end. */
const maxDepth = 12;
const chunkBytes = 1 << 20;

export type DatasetIdentity = {
  /** sha256 over names and bytes of the label files. */
  readonly labels: string;
  /** sha256 over names, sizes and times of the images. */
  readonly images: string;
};

/** Links are followed. Throws CalmError not_found or io. */
export function datasetIdentity(name: string, dir: string): DatasetIdentity {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CalmError('not_found', `${name}: no folder ${dir}; correct its root in the file of --data`);
  }
  const [labels, images] = [createHash('sha256'), createHash('sha256')];
  const visit = (folder: string, path: string, depth: number): void => {
    if (depth > maxDepth)
      throw new CalmError(
        'io',
        `${name}: ${folder} is more than ${maxDepth} folders deep; a link to a folder above it?`,
      );
    for (const entry of readdirSync(folder).sort()) {
      const [full, relative] = [join(folder, entry), `${path}${entry}`];
      const stats = statSync(full, { throwIfNoEntry: false });
      if (stats?.isDirectory()) visit(full, `${relative}/`, depth + 1);
      else if (stats?.isFile() && imageFile.test(entry))
        images.update(`${relative}\0${stats.size}\0${stats.mtimeMs}\n`);
      else if (stats?.isFile() && labelFile.test(entry)) {
        labels.update(`${relative}\0${stats.size}\0`);
        hashBytes(full, labels);
      }
    }
  };
  visit(dir, '', 0);
  return { labels: labels.digest('hex'), images: images.digest('hex') };
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
