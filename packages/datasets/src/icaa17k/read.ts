// ICAA17K (He et al., ICCV 2023): three CSVs whose ids are paths of the image tree: kind of colour scheme, colours, file.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { formatCsv, mapCsvRows, numberCell } from '../text/csv-rows.ts';
import { firstFolder } from '../folders.ts';
import { badLine } from '../text/lines.ts';
import { listedPath, onlyOnce, photoSet, type PhotoSet, type RatedPhoto } from '../rated-photos.ts';
import { writeFileAtomic } from '@calm-orch/core';

export const icaa17kFiles = { all: '1all.csv', train: '1train.csv', test: '1test.csv', images: 'images' } as const;
const columns = ['ID', 'color', 'MOS', 'probability'] as const;
const schemes = /^(complementary|monochromatic)\/[^/]+\/[^/]+$/;

export interface Icaa17kPhoto extends RatedPhoto {
  readonly scheme: 'complementary' | 'monochromatic';
}

/** Reads `dir`; `attributes` are `color` (0..10) and `probability`. Throws not_found or bad_data ('file:line: …'). */
export function readIcaa17k(dir: string): PhotoSet<Icaa17kPhoto> {
  const labels = existsSync(join(dir, icaa17kFiles.train)) ? dir : (firstFolder(dir, ['dataset/ICAA17K']) ?? dir);
  const tree = firstFolder(dir, [icaa17kFiles.images, 'ICAA17K']) ?? dir;
  const once = onlyOnce('ID');
  const photos = (['train', 'test'] as const).flatMap((split) => {
    const path = join(labels, icaa17kFiles[split]);
    return mapCsvRows(path, { what: 'ICAA17K', columns }, (row): Icaa17kPhoto => {
      const name = row.cells['ID']!;
      if (!schemes.test(name)) {
        throw badLine(path, row.line, "an ID 'complementary|monochromatic/<colours>/<file>'", `'${name}'`);
      }
      once(name, path, row.line);
      return {
        name,
        path: listedPath(tree, name, path, row.line),
        split,
        score: numberCell(path, row, 'MOS', 0, 10),
        attributes: {
          color: numberCell(path, row, 'color', 0, 10),
          probability: numberCell(path, row, 'probability', 0, 1),
        },
        scheme: name.startsWith('c') ? 'complementary' : 'monochromatic',
      };
    });
  });
  const names = new Set(photos.map(({ name }) => name));
  const all = join(labels, icaa17kFiles.all);
  const listed = existsSync(all) ? mapCsvRows(all, { what: 'ICAA17K', columns }, ({ cells }) => cells['ID']!) : [];
  const inNoSplit = listed.filter((name) => !names.has(name)).length;
  return photoSet(photos, {
    train: photos.filter(({ split }) => split === 'train').length,
    test: photos.filter(({ split }) => split === 'test').length,
    inNoSplit,
  });
}

export interface Icaa17kRecord {
  readonly id: string;
  readonly color: number;
  readonly mos: number;
  readonly probability: number;
  readonly split: 'train' | 'test';
}

export function writeIcaa17k(dir: string, records: readonly Icaa17kRecord[]): void {
  const write = (name: string, chosen: readonly Icaa17kRecord[]): void =>
    writeFileAtomic(
      join(dir, name),
      formatCsv(
        columns,
        chosen.map(({ id, color, mos, probability }) => [id, color, mos, probability]),
      ),
    );
  write(icaa17kFiles.all, records);
  for (const split of ['train', 'test'] as const) {
    write(
      icaa17kFiles[split],
      records.filter((record) => record.split === split),
    );
  }
}
