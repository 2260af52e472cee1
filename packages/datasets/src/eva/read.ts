// EVA (Kang et al., 2020): votes in a file whose delimiter is '=', categories in a comma file with quotes and a BOM. Its
// photographs are AVA's, 490 of them from AVA's test list: whoever trains on EVA must drop those.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, fileNamesIn } from '@calm-orch/core';
import { mapCsvRows, numberCell } from '../text/csv-rows.ts';
import { firstFolder } from '../folders.ts';
import { badLine } from '../text/lines.ts';
import { mean, onlyOnce, photoSet, type PhotoSet, type RatedPhoto } from '../rated-photos.ts';

export const evaAspects = ['visual', 'composition', 'quality', 'semantic'] as const;
/** Columns of the votes that are read; the file has `vote_time` and the check-boxes 1..4 beside them. */
export const evaVoteColumns = ['image_id', 'user_id', 'score', 'difficulty', ...evaAspects] as const;
export const evaFiles = {
  votes: 'data/votes_filtered.csv',
  categories: 'data/image_content_category.csv',
  images: 'images/EVA_together',
} as const;

export interface EvaPhoto extends RatedPhoto {
  readonly avaId: number;
  /** 1..6; null where the category file does not name the photograph. */
  readonly category: number | null;
  readonly numVotes: number;
}

interface Votes {
  readonly scores: number[];
  readonly aspects: Readonly<Record<(typeof evaAspects)[number], number[]>>;
}

/**
 * Reads `dir`: photographs by the category file, with mean scores (0..10) and aspects (1..4) of those that were voted on.
 * @param leftOut Of AVA: its official test list and validation split; photographs of these are left out and counted as `leaks`.
 * Throws CalmError not_found or bad_data ('file:line: …').
 */
export function readEva(dir: string, leftOut: ReadonlySet<number> = new Set()): PhotoSet<EvaPhoto> {
  const imagePath = imagesOf(dir);
  const votes = readEvaVotes(join(dir, evaFiles.votes));
  const categories = readEvaCategories(join(dir, evaFiles.categories));
  const ids = [...new Set([...categories.keys(), ...votes.keys()])];
  const kept = ids.filter((id) => !leftOut.has(id));
  const photos = kept.map((id): EvaPhoto => {
    const own = votes.get(id);
    const category = categories.get(id) ?? null;
    return {
      name: String(id),
      path: imagePath(id, category),
      split: 'train',
      score: own ? mean(own.scores) : null,
      attributes: own
        ? Object.fromEntries(evaAspects.map((aspect) => [aspect, mean(own.aspects[aspect])!] as const))
        : {},
      avaId: id,
      category,
      numVotes: own?.scores.length ?? 0,
    };
  });
  const numVotes = [...votes.values()].reduce((sum, { scores }) => sum + scores.length, 0);
  return photoSet(photos, {
    votes: numVotes,
    voted: votes.size,
    categorized: categories.size,
    leaks: ids.length - kept.length,
  });
}

export function readEvaVotes(path: string): Map<number, Votes> {
  const votes = new Map<number, Votes>();
  mapCsvRows(path, { what: 'EVA', columns: evaVoteColumns, delimiter: '=' }, (row) => {
    const id = idOf(row.cells['image_id']!, path, row.line);
    const own = votes.get(id) ?? { scores: [], aspects: { visual: [], composition: [], quality: [], semantic: [] } };
    own.scores.push(numberCell(path, row, 'score', 0, 10));
    for (const aspect of evaAspects) own.aspects[aspect].push(numberCell(path, row, aspect, 1, 4));
    votes.set(id, own);
  });
  return votes;
}

export function readEvaCategories(path: string): Map<number, number> {
  const once = onlyOnce('image');
  return new Map(
    mapCsvRows(path, { what: 'EVA', columns: ['image_id', 'sort'] }, (row) => {
      const id = idOf(row.cells['image_id']!, path, row.line);
      once(String(id), path, row.line);
      return [id, numberCell(path, row, 'sort', 1, 6)] as const;
    }),
  );
}

function idOf(text: string, path: string, line: number): number {
  if (!/^\d+$/.test(text)) throw badLine(path, line, 'an image id of AVA', `'${text}'`);
  return Number(text);
}

/** Images lie in one folder, or in the mirror's six by category. */
function imagesOf(dir: string): (id: number, category: number | null) => string {
  const together = firstFolder(dir, [evaFiles.images, 'images/EVA_together/EVA_together', 'EVA_together']);
  if (together !== null) return (id) => join(together, `${id}.jpg`);
  const byCategory = firstFolder(dir, ['EVA_category/EVA_category', 'images/EVA_category/EVA_category']);
  if (byCategory !== null) return (id, category) => join(byCategory, String(category ?? 1), `${id}.jpg`);
  const parts = existsSync(join(dir, 'images'))
    ? fileNamesIn(join(dir, 'images')).some((name) => /^EVA_together\.zip\.\d+$/.test(name))
    : false;
  const remedy = parts
    ? `join the parts and unpack them: cd ${join(dir, 'images')} && cat EVA_together.zip.0* > EVA_together.zip && unzip EVA_together.zip`
    : 'put <AVA id>.jpg there';
  throw new CalmError('not_found', `EVA: no folder ${join(dir, evaFiles.images)}; ${remedy}`);
}
