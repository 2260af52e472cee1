// TAD66K (He et al., IJCAI 2022): the same photographs listed twice, in merge/ and by theme in unmerge/. The two disagree
// about 478 photographs' split, so merge/ decides it and unmerge/ gives the theme alone. merge/ has CRLF line ends.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileNamesIn } from '@calm-orch/core';
import { mapCsvRows, numberCell } from '../text/csv-rows.ts';
import { firstFolder } from '../folders.ts';
import { listedPath, onlyOnce, photoSet, type PhotoSet, type RatedPhoto } from '../rated-photos.ts';

export const tad66kFiles = { merge: 'merge', unmerge: 'unmerge', images: 'TAD66K' } as const;
const splits = ['train', 'test'] as const;
const columns = ['image', 'score'] as const;

export interface Tad66kPhoto extends RatedPhoto {
  /** null without unmerge/. */
  readonly theme: string | null;
}

/** Reads `dir` (label folders directly or below dataset/). Throws CalmError not_found or bad_data ('file:line: …'). */
export function readTad66k(dir: string): PhotoSet<Tad66kPhoto> {
  const labels = firstFolder(dir, ['merge', 'dataset/merge', 'labels/merge'])?.slice(0, -'/merge'.length) ?? dir;
  const folder = firstFolder(dir, [tad66kFiles.images, 'images']) ?? join(dir, tad66kFiles.images);
  const themes = readThemes(join(labels, tad66kFiles.unmerge));
  const once = onlyOnce('image');
  let splitDisagreements = 0;
  const photos = splits.flatMap((split) => {
    const path = join(labels, tad66kFiles.merge, `${split}.csv`);
    return mapCsvRows(path, { what: 'TAD66K', columns }, (row): Tad66kPhoto => {
      const name = row.cells['image']!;
      once(name, path, row.line);
      const theme = themes.get(name);
      if (theme !== undefined && theme.split !== split) splitDisagreements += 1;
      return {
        name,
        path: listedPath(folder, name, path, row.line),
        split,
        score: numberCell(path, row, 'score', 0, 10),
        attributes: {},
        theme: theme?.theme ?? null,
      };
    });
  });
  return photoSet(photos, {
    train: photos.filter(({ split }) => split === 'train').length,
    test: photos.filter(({ split }) => split === 'test').length,
    themes: new Set([...themes.values()].map(({ theme }) => theme)).size,
    splitDisagreements,
  });
}

function readThemes(dir: string): Map<string, { readonly theme: string; readonly split: string }> {
  const themes = new Map<string, { theme: string; split: string }>();
  const once = onlyOnce('image');
  for (const split of splits) {
    const folder = join(dir, split);
    if (!existsSync(folder)) continue;
    for (const file of fileNamesIn(folder)) {
      if (!file.endsWith('.csv')) continue;
      const path = join(folder, file);
      const theme = file.slice(0, -'.csv'.length);
      mapCsvRows(path, { what: 'TAD66K', columns }, ({ cells, line }) => {
        const name = cells['image']!;
        once(name, path, line);
        themes.set(name, { theme, split });
      });
    }
  }
  return themes;
}
