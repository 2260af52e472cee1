// SPAQ (Fang et al., CVPR 2020): labels in three .xlsx files joined by image name. `Brightness` stands in two of them with
// two meanings (how bright it looks; EXIF's brightness value), so EXIF columns are prefixed. No split is shipped.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '@calm-orch/core';
import { firstFolder } from '../folders.ts';
import { badLine } from '../text/lines.ts';
import { listedPath, onlyOnce, photoSet, type PhotoSet, type RatedPhoto } from '../rated-photos.ts';
import { sameNamed } from '../text/same-named.ts';
import { readSheet, sheetFile, type Cell, type SheetRow } from './sheet.ts';

export const spaqFiles = {
  scores: 'MOS and Image attribute scores.xlsx',
  scenes: 'Scene category labels.xlsx',
  exif: 'EXIF_tags.xlsx',
  labels: 'Annotations',
  images: 'TestImage',
} as const;
export const spaqAttributes = ['Brightness', 'Colorfulness', 'Contrast', 'Noisiness', 'Sharpness'] as const;
export const spaqScenes = [
  'Animal',
  'Cityscape',
  'Human',
  'Indoor scene',
  'Landscape',
  'Night scene',
  'Plant',
  'Still-life',
  'Others',
] as const;
const image = 'Image name';

export interface SpaqPhoto extends RatedPhoto {
  /** Fractions that sum to 1; empty without the scene file. */
  readonly scenes: Readonly<Record<string, number>>;
  /** EXIF tags as `exif.<column>`; empty cells left out. */
  readonly exif: Readonly<Record<string, string | number>>;
}

/** Reads `dir`; scores and attributes 0..100. Throws CalmError not_found or bad_data ('file:row: …'). */
export async function readSpaq(dir: string): Promise<PhotoSet<SpaqPhoto>> {
  const labels = firstFolder(dir, [spaqFiles.labels, 'annotations']) ?? join(dir, spaqFiles.labels);
  const folder = firstFolder(dir, [spaqFiles.images]) ?? join(dir, spaqFiles.images);
  const path = join(labels, spaqFiles.scores);
  const scores = await readSheet(path, 'SPAQ', [image, 'MOS', ...spaqAttributes]);
  const scenes = await rowsByName(join(labels, spaqFiles.scenes), spaqScenes);
  const exif = await rowsByName(join(labels, spaqFiles.exif), []);
  const once = onlyOnce('image');
  let oddScenes = 0;
  const photos = scores.map((row): SpaqPhoto => {
    const name = nameOf(row, path);
    once(name, path, row.line);
    const own = Object.fromEntries(spaqScenes.flatMap((scene) => numberOrNone(scenes.get(name)?.cells[scene], scene)));
    const sum = Object.values(own).reduce((total, weight) => total + weight, 0);
    if (scenes.has(name) && Math.abs(sum - 1) > 0.02) oddScenes += 1;
    return {
      name,
      path: existingOf(listedPath(folder, name, path, row.line)),
      split: 'train',
      score: scoreOf(row, 'MOS', path),
      attributes: Object.fromEntries(spaqAttributes.map((attribute) => [attribute, scoreOf(row, attribute, path)])),
      scenes: own,
      exif: Object.fromEntries(
        Object.entries(exif.get(name)?.cells ?? {}).flatMap(([column, cell]) =>
          column === image || cell === null ? [] : [[`exif.${column}`, cell] as const],
        ),
      ),
    };
  });
  const warnings = oddScenes > 0 ? [`SPAQ: the scene weights of ${oddScenes} images do not sum to 1`] : [];
  return photoSet(photos, { withScenes: scenes.size, withExif: exif.size }, warnings);
}

export interface SpaqRecord {
  readonly name: string;
  readonly mos: number;
  /** In the order of `spaqAttributes`. */
  readonly attributes: readonly number[];
  /** In the order of `spaqScenes`. */
  readonly scenes: readonly number[];
}

/** Writes the three sheets; EXIF with its two time columns and gaps. */
export function writeSpaq(dir: string, records: readonly SpaqRecord[]): void {
  const write = (name: string, rows: readonly (readonly Cell[])[]): void =>
    writeFileAtomic(join(dir, spaqFiles.labels, name), sheetFile(rows));
  write(spaqFiles.scores, [
    [image, 'MOS', ...spaqAttributes],
    ...records.map(({ name, mos, attributes }) => [name, mos, ...attributes]),
  ]);
  write(spaqFiles.scenes, [[image, ...spaqScenes], ...records.map(({ name, scenes }) => [name, ...scenes])]);
  write(spaqFiles.exif, [
    [image, 'Focal length', 'F-number', 'Exposure time', 'ISO', 'Brightness', 'Flash', 'Time', 'Time'],
    ...records.map(({ name }, i) => [
      name,
      4.2,
      1.8,
      '1/50',
      100 + i,
      i % 3 === 0 ? null : 3.5,
      0,
      '2018:10:0',
      '12:0',
    ]),
  ]);
}

async function rowsByName(path: string, columns: readonly string[]): Promise<Map<string, SheetRow>> {
  if (!existsSync(path)) return new Map();
  const rows = await readSheet(path, 'SPAQ', [image, ...columns]);
  return new Map(rows.map((row) => [nameOf(row, path), row]));
}

function nameOf({ cells, line }: SheetRow, path: string): string {
  const name = cells[image];
  if (typeof name !== 'string' || name === '') throw badLine(path, line, 'an image name', JSON.stringify(name ?? null));
  return name;
}

function scoreOf({ cells, line }: SheetRow, column: string, path: string): number {
  const value = cells[column];
  if (typeof value !== 'number' || value < 0 || value > 100) {
    throw badLine(path, line, `${column} from 0 to 100`, JSON.stringify(value ?? null));
  }
  return value;
}

function numberOrNone(value: Cell | undefined, name: string): [string, number][] {
  return typeof value === 'number' ? [[name, value]] : [];
}

/** Mirrors keep the same photographs as .png. */
function existingOf(path: string): string {
  const twin = sameNamed(path.replace(/\.jpe?g$/i, '.png'));
  return !existsSync(path) && existsSync(twin) ? twin : path;
}
