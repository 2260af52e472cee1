// The good photographs of aesthetic suggesting (CALM, section 4.3: "100 high-quality images"; which is not said): PCCD's
// best by mean score whose image decodes, ties by title.
import { join } from 'node:path';
import { CalmError, tallyInput, writeFileAtomic } from '@calm-orch/core';
import { catalogNotes, catalogPaths, catalogUse } from '../catalog/layout.ts';
import { checkImage } from '../images/check-image.ts';
import { readPccd, type PccdPhoto } from './read.ts';

export interface BestPhoto {
  /** Rank and title, fit for a file name. */
  readonly photo: string;
  readonly title: string;
  readonly score: number;
  readonly path: string;
}

/** Rated photographs, the best by mean score first, ties by title. */
export function rankedPccdPhotos(photos: readonly PccdPhoto[]): (PccdPhoto & { readonly score: number })[] {
  return photos
    .flatMap((photo) => (photo.score === null ? [] : [{ ...photo, score: photo.score }]))
    .sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1));
}

/**
 * The best `count` of the PCCD in `root`, or as many as there are; which they are and what is left out is written under
 * `outputDir`. @throws CalmError not_found or bad_data ('file:line: …').
 */
export async function bestPccd(root: string, count: number, outputDir: string): Promise<BestPhoto[]> {
  const { photos, left } = readPccd(root);
  const tally = tallyInput('PCCD, to suggest about', 'photographs');
  const best: BestPhoto[] = [];
  const ranked = rankedPccdPhotos(photos);
  for (const { name, score, path } of ranked) {
    const problem = best.length === count ? `beyond the best ${count}` : await checkImage(path);
    if (problem !== null) {
      tally.leave(problem, name);
      continue;
    }
    tally.use();
    const slug = name.replace(/[^\w.]+/g, '_').slice(-80);
    best.push({ photo: `${String(best.length + 1).padStart(4, '0')}-${slug}`, title: name, score, path });
  }
  for (const { name } of photos.filter(({ score }) => score === null)) tally.leave('without a score', name);
  if (best.length === 0)
    throw new CalmError('bad_data', `PCCD: no photograph with a score in ${root} decodes, none can be suggested about`);
  const write = (file: string, value: unknown): void =>
    writeFileAtomic(join(outputDir, file), `${JSON.stringify(value, null, 1)}\n`);
  const use = tally.result();
  const missing = left.reduce((sum, kind) => sum + kind.count, 0);
  write(catalogUse('suggesting'), [{ ...use, given: use.given + missing, left: [...left, ...use.left] }]);
  write(
    catalogNotes('suggesting'),
    best.length < count
      ? [`PCCD: suggestions are asked about ${best.length} photographs, not ${count}: it has no more`]
      : [],
  );
  write(join(catalogPaths.folder, 'best.json'), best);
  return best;
}
