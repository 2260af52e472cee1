// What a dataset of rated photographs comes down to, whatever its files look like: photographs whose files are there,
// with score, attributes and split, and counts of what was left out.
import { join, normalize, sep } from 'node:path';
import { isHiddenName, mistakenFile, tallyInput, type LeftOutKind } from '@calm-orch/core';
import { imageFileState } from './images/image-files.ts';
import { badLine } from './text/lines.ts';
import { sameNamed } from './text/same-named.ts';

export type Split = 'train' | 'validation' | 'test';

export interface RatedPhoto {
  /** As the labels call it. */
  readonly name: string;
  readonly path: string;
  /** `train` where the dataset has no split. */
  readonly split: Split;
  /** Mean score in the dataset's own scale; null: not rated. */
  readonly score: number | null;
  /** Attribute scores in the dataset's own scale. */
  readonly attributes: Readonly<Record<string, number>>;
  /** The number AVA knows the photograph by, where it is one of AVA's. */
  readonly avaId?: number;
}

export interface PhotoSet<P extends RatedPhoto = RatedPhoto> {
  /** In file order. */
  readonly photos: readonly P[];
  /** `photographs`: listed; `missingImages`, `unreadableImages`: of them left out; others by dataset. */
  readonly counts: Readonly<Record<string, number>>;
  /** Listed photographs that are not among them, by reason. */
  readonly left: readonly LeftOutKind[];
  /** What does not fit the published dataset but can be worked with. */
  readonly warnings: readonly string[];
}

/** Keeps the photographs whose file is there and begins like an image, and counts the others. */
export function photoSet<P extends RatedPhoto>(
  listed: readonly P[],
  counts: Readonly<Record<string, number>> = {},
  warnings: readonly string[] = [],
): PhotoSet<P> {
  const states = listed.map(({ name, path }) => (isNoData(name) ? 'missing' : imageFileState(path)));
  const numOf = (wanted: string): number => states.filter((state) => state === wanted).length;
  const tally = tallyInput('', 'photographs');
  states.forEach((state, i) => {
    const { name, path } = listed[i]!;
    if (state === 'missing') tally.leave(withoutImage, name);
    else if (state === 'unreadable') tally.leave(unreadableReason(path), name);
  });
  return {
    photos: listed.filter((_, i) => states[i] === 'ok'),
    counts: {
      photographs: listed.length,
      missingImages: numOf('missing'),
      unreadableImages: numOf('unreadable'),
      ...counts,
    },
    left: tally.result().left,
    warnings,
  };
}

export const withoutImage = 'without an image';

/** Of a file that begins like no image. */
export function unreadableReason(path: string): string {
  const mistaken = mistakenFile(path);
  return mistaken === null ? 'whose file is no image' : `of which ${mistaken}`;
}

/** Whether a listed name is one that no walk through folders meets: then no key knows of its file either. */
export const isNoData = (name: string): boolean => isHiddenName(normalize(name));

/** The path of a listed name below `folder`, as its file is called; a name that leads out of it is bad_data 'file:line: …'. */
export function listedPath(folder: string, name: string, listPath: string, line: number): string {
  const inside = normalize(name);
  if (name === '' || name.includes('\0') || inside.startsWith('..') || inside.startsWith(sep)) {
    throw badLine(listPath, line, 'a file name below the image folder', `'${name}'`);
  }
  return sameNamed(join(folder, inside));
}

/** Remembers names and throws bad_data 'file:line: …' on the second of a kind. */
export function onlyOnce(what: string): (name: string, path: string, line: number) => void {
  const seen = new Set<string>();
  return (name, path, line) => {
    if (seen.has(name)) throw badLine(path, line, `each ${what} once`, `'${name}' again`);
    seen.add(name);
  };
}

/** null of no values. */
export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
