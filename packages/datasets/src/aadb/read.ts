// AADB (Kong et al., ECCV 2016): one list per split and attribute, `<file> <number>` a line. 'Balacing' is how the files
// are spelt. The test split is TestNew, as most loaders take it; the older Test list differs. attMat.mat, which
// holds the same numbers, is not read.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { firstFolder, wantedFolder } from '../folders.ts';
import { numberFrom } from '../text/csv-rows.ts';
import { badLine, linesOf, readTextFile } from '../text/lines.ts';
import { listedPath, onlyOnce, photoSet, type PhotoSet, type RatedPhoto, type Split } from '../rated-photos.ts';

/** As in the file names. */
export const aadbAttributes = [
  'BalacingElements',
  'ColorHarmony',
  'Content',
  'DoF',
  'Light',
  'MotionBlur',
  'Object',
  'Repetition',
  'RuleOfThirds',
  'Symmetry',
  'VividColor',
] as const;
export type AadbAttribute = (typeof aadbAttributes)[number];
export const aadbFiles = {
  lists: 'imgListFiles_label',
  images: 'datasetImages_originalSize',
} as const;
export const aadbSplits = { train: 'Train', validation: 'Validation', test: 'TestNew' } as const;
const imageFolders = [aadbFiles.images, 'datasetImages_warp256', 'AADB_newtest_originalSize'] as const;

export const aadbListName = (split: keyof typeof aadbSplits, what: 'score' | AadbAttribute): string =>
  `imgList${aadbSplits[split]}Regression_${what}.txt`;

/** Reads `dir`; score 0..1, attributes -1..1. Throws CalmError not_found or bad_data ('file:line: …'). */
export function readAadb(dir: string): PhotoSet {
  const nested = `${aadbFiles.lists}/${aadbFiles.lists}`;
  const lists = wantedFolder(dir, [nested, aadbFiles.lists], 'AADB', 'unpack imgListFiles_label.zip there');
  const folders = imageFolders
    .map((name) => firstFolder(dir, [`${name}/${name}`, name]))
    .filter((path) => path !== null);
  const once = onlyOnce('photograph');
  const photos = (['train', 'validation', 'test'] as const).flatMap((split): RatedPhoto[] => {
    const scores = join(lists, aadbListName(split, 'score'));
    const attributes = aadbAttributes.flatMap((attribute) => {
      const path = join(lists, aadbListName(split, attribute));
      return existsSync(path) ? [[attribute, readList(path, -1, 1)] as const] : [];
    });
    return [...readList(scores, 0, 1)].map(([name, { value, line }]) => {
      once(name, scores, line);
      const paths = folders.map((folder) => listedPath(folder, name, scores, line));
      return {
        name,
        path: paths.find((path) => existsSync(path)) ?? listedPath(join(dir, aadbFiles.images), name, scores, line),
        split,
        score: value,
        attributes: Object.fromEntries(
          attributes.flatMap(([attribute, list]) => {
            const own = list.get(name);
            return own === undefined ? [] : [[attribute, own.value] as const];
          }),
        ),
      };
    });
  });
  const numOf = (split: Split): number => photos.filter((photo) => photo.split === split).length;
  const counts = { train: numOf('train'), validation: numOf('validation'), test: numOf('test') };
  return photoSet(photos, counts);
}

function readList(path: string, least: number, most: number): Map<string, { value: number; line: number }> {
  const list = new Map<string, { value: number; line: number }>();
  const once = onlyOnce('photograph');
  for (const { text, number } of linesOf(readTextFile(path, 'AADB'))) {
    const [name = '', value = '', ...rest] = text.split(/\s+/);
    if (value === '' || rest.length > 0) throw badLine(path, number, 'a file name and a number', `'${text}'`);
    once(name, path, number);
    list.set(name, { value: numberFrom(value, path, number, 'rating', least, most), line: number });
  }
  return list;
}
