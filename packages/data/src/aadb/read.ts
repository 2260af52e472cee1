// AADB (Kong et al., ECCV 2016): one list per split and attribute, `<file> <number>` a line. 'Balacing' is how the files
// are spelt. The test split is TestNew, as most loaders take it; the older Test list differs. attMat.mat holds the same
// numbers as three arrays in the order train, test, validation.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { firstFolder, wantedFolder } from '../folders.ts';
import { numberFrom } from '../text/csv-rows.ts';
import { badLine, linesOf, readTextFile } from '../text/lines.ts';
import { listedPath, onlyOnce, photoSet, type PhotoSet, type RatedPhoto, type Split } from '../rated-photos.ts';
import { readMatFile } from './mat-file.ts';

/** As in the file names, in the order of attMat's columns after the score. */
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
  matrices: 'attMat.mat',
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
  return photoSet(photos, counts, matrixWarnings(dir, lists, counts));
}

/** attMat.mat as rows of score and eleven attributes. Throws not_found or bad_data. */
export function readAttMat(path: string): Record<'train' | 'test' | 'validation', number[][]> {
  const dataset = readMatFile(path).get('dataset');
  if (dataset?.kind !== 'cell' || dataset.cells.length !== 3) {
    throw badLine(path, 1, "a variable 'dataset' with three cells", dataset?.kind ?? 'none');
  }
  const [train, test, validation] = dataset.cells.map((cell) => {
    const columns = aadbAttributes.length + 1;
    if (cell.kind !== 'numeric' || cell.dims.length !== 2 || cell.dims[1] !== columns) {
      throw badLine(path, 1, `cells of ${columns} columns`, `${cell.kind} ${cell.dims.join('x')}`);
    }
    const rows = cell.dims[0]!;
    return Array.from({ length: rows }, (_, i) =>
      Array.from({ length: columns }, (_, j) => cell.values[j * rows + i]!),
    );
  }) as [number[][], number[][], number[][]];
  return { train, test, validation };
}

function matrixWarnings(dir: string, lists: string, counts: Readonly<Record<'train' | 'test' | 'validation', number>>) {
  const path = [dir, lists].map((folder) => join(folder, aadbFiles.matrices)).find((file) => existsSync(file));
  if (path === undefined) return [];
  const matrices = readAttMat(path);
  return (['train', 'test', 'validation'] as const).flatMap((split) =>
    matrices[split].length === counts[split]
      ? []
      : [`AADB: ${aadbFiles.matrices} has ${matrices[split].length} rows of ${split}, the lists have ${counts[split]}`],
  );
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
