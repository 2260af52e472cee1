// The lists beside AVA.txt: names of tags and challenges, official splits, photographic styles.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { badLine, linesOf, readTextFile } from '../text/lines.ts';
import { readIdList } from './rows.ts';

/** Themes that have lists of their own, train and test. */
export const avaThemes = [
  'animal',
  'architecture',
  'cityscape',
  'floral',
  'fooddrink',
  'landscape',
  'portrait',
  'stilllife',
] as const;
const listFolder = 'aesthetics_image_lists';
const styleFolder = 'style_image_lists';
export const numStyles = 14;

/** tags.txt, challenges.txt or styles.txt: `<id> <name>` a line, in no particular order. */
export function readAvaNames(path: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const { text, number } of linesOf(readTextFile(path, 'AVA'))) {
    const [, id, name] = /^(\d+)\s+(.+)$/.exec(text) ?? [];
    if (id === undefined || name === undefined) throw badLine(path, number, 'an id and a name', `'${text}'`);
    if (names.has(Number(id))) throw badLine(path, number, 'each id once', `${id} again`);
    names.set(Number(id), name);
  }
  return names;
}

/** All official lists that are there, by name without extension: generic_test, animal_train, … */
export function readAvaLists(dir: string): Map<string, readonly number[]> {
  const names = [
    'generic_test',
    'generic_ls_train',
    'generic_ss_train',
    ...avaThemes.flatMap((theme) => [`${theme}_train`, `${theme}_test`]),
  ];
  return new Map(
    names.flatMap((name) => {
      const path = join(dir, listFolder, `${name}.jpgl`);
      return existsSync(path) ? [[name, readIdList(path)] as const] : [];
    }),
  );
}

export interface AvaStyles {
  /** One style 1..14 per training image. */
  readonly train: ReadonlyMap<number, number>;
  /** 14 flags per test image. */
  readonly test: ReadonlyMap<number, readonly boolean[]>;
}

/** The style lists; null without their folder. Throws bad_data where ids and labels differ in number. */
export function readAvaStyles(dir: string): AvaStyles | null {
  const folder = join(dir, styleFolder);
  if (!existsSync(folder)) return null;
  const labels = <T>(name: string, of: (text: string) => T | null, expected: string): T[] => {
    const path = join(folder, name);
    return [...linesOf(readTextFile(path, 'AVA styles'))].map(({ text, number }) => {
      const label = of(text);
      if (label === null) throw badLine(path, number, expected, `'${text}'`);
      return label;
    });
  };
  const style = (text: string): number | null =>
    /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= numStyles ? Number(text) : null;
  const flags = (text: string): boolean[] | null => {
    const cells = text.split(/\s+/);
    return cells.length === numStyles && cells.every((cell) => cell === '0' || cell === '1')
      ? cells.map((cell) => cell === '1')
      : null;
  };
  const paired = <T>(idList: string, list: readonly T[], labelList: string): Map<number, T> => {
    const ids = readIdList(join(folder, idList));
    if (ids.length !== list.length) {
      const path = join(folder, labelList);
      throw badLine(path, list.length, `${ids.length} labels, as ${idList} has ids`, String(list.length));
    }
    return new Map(ids.map((id, i) => [id, list[i]!]));
  };
  return {
    train: paired('train.jpgl', labels('train.lab', style, 'a style 1..14'), 'train.lab'),
    test: paired('test.jpgl', labels('test.multilab', flags, '14 flags 0 or 1'), 'test.multilab'),
  };
}
