// Text files of AVA in their real form, from rows; images are written by whoever makes them.
import { join } from 'node:path';
import { writeFileAtomic } from '@calm-orch/core';
import { formatAvaRow, type AvaRow } from './rows.ts';

export interface AvaTexts {
  readonly rows: readonly AvaRow[];
  readonly testIds: readonly number[];
  readonly trainIds: readonly number[];
  /** Tag id -> name; ids from 1. */
  readonly tags: Readonly<Record<number, string>>;
  /** Challenge id -> name with underscores. */
  readonly challenges: Readonly<Record<number, string>>;
}

/** Writes AVA.txt, the two generic lists, tags.txt (by name, as the real one) and challenges.txt under `dir`. */
export function writeAvaTexts(dir: string, { rows, testIds, trainIds, tags, challenges }: AvaTexts): void {
  const write = (name: string, lines: readonly (string | number)[]): void =>
    writeFileAtomic(join(dir, name), lines.map((line) => `${line}\n`).join(''));
  const byName = (table: Readonly<Record<number, string>>): string[] =>
    Object.entries(table)
      .sort(([, a], [, b]) => (a < b ? -1 : 1))
      .map(([id, name]) => `${id} ${name}`);
  write('AVA.txt', rows.map(formatAvaRow));
  write('aesthetics_image_lists/generic_test.jpgl', testIds);
  write('aesthetics_image_lists/generic_ls_train.jpgl', trainIds);
  write('tags.txt', byName(tags));
  write('challenges.txt', byName(challenges));
}
