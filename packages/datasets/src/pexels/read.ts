// Pexels (Pfister et al., 2021): three lists of bare file names; the photographs lie flat in one folder or below three
// folders named by the first hexadecimal digits of the name's sha256, as the authors' loader keeps them. No labels.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sha256, writeFileAtomic } from '@calm-orch/core';
import { firstFolder } from '../folders.ts';
import { linesOf, readTextFile } from '../text/lines.ts';
import { listedPath, onlyOnce, photoSet, type PhotoSet, type RatedPhoto } from '../rated-photos.ts';

export const pexelsLists = { train: 'train_set.txt', validation: 'val_set.txt', test: 'test_set.txt' } as const;
export const pexelsImages = 'images';

/** 'a/b/c/<name>' by the first three digits of the hash. */
export function hashedName(name: string): string {
  const [a, b, c] = sha256(name);
  return `${a}/${b}/${c}/${name}`;
}

/** Reads `dir` (lists directly or below dataset/). Throws CalmError not_found or bad_data ('file:line: …'). */
export function readPexels(dir: string): PhotoSet {
  const lists = existsSync(join(dir, pexelsLists.train)) ? dir : (firstFolder(dir, ['dataset']) ?? dir);
  const folder = firstFolder(dir, [pexelsImages, 'pexels']) ?? dir;
  const once = onlyOnce('file name');
  const photos = (['train', 'validation', 'test'] as const).flatMap((split) => {
    const path = join(lists, pexelsLists[split]);
    return [...linesOf(readTextFile(path, 'Pexels'))].map(({ text: name, number }): RatedPhoto => {
      once(name, path, number);
      const flat = listedPath(folder, name, path, number);
      const hashed = listedPath(folder, hashedName(name), path, number);
      return { name, path: existsSync(flat) ? flat : hashed, split, score: null, attributes: {} };
    });
  });
  const numOf = (split: string): number => photos.filter((photo) => photo.split === split).length;
  return photoSet(photos, { train: numOf('train'), validation: numOf('validation'), test: numOf('test') });
}

export function writePexels(dir: string, names: Readonly<Record<keyof typeof pexelsLists, readonly string[]>>): void {
  for (const [split, list] of Object.entries(names)) {
    writeFileAtomic(
      join(dir, pexelsLists[split as keyof typeof pexelsLists]),
      list.map((name) => `${name}\n`).join(''),
    );
  }
}
