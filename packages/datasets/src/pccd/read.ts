// PCCD (Chang et al., ICCV 2017): one JSON array of photographs with texts and seven scores. `score` is an array of
// strings in a fixed order; some are no numbers, and texts may be null.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { jsonElements } from '../text/json-elements.ts';
import { badLine } from '../text/lines.ts';
import { listedPath, mean, onlyOnce, photoSet, type PhotoSet, type RatedPhoto } from '../rated-photos.ts';

/** In the order of `score`. */
export const pccdAspects = [
  'general_impression',
  'subject_of_photo',
  'composition',
  'use_of_camera',
  'depth_of_field',
  'color_lighting',
  'focus',
] as const;
export type PccdAspect = (typeof pccdAspects)[number];

export const pccdFiles = { labels: ['raw.json', 'guru.json'], images: 'images/full' } as const;

export interface PccdPhoto extends RatedPhoto {
  readonly description: string;
  readonly category: string;
  /** '' where nothing was written. */
  readonly texts: Readonly<Record<PccdAspect, string>>;
}

/** Scores lie on 1..10; others are slips of the scraper. */
const [leastScore, mostScore] = [1, 10];

/** Reads `dir`. `score` is the mean of the valid ones. Throws CalmError not_found or bad_data ('file:line: …'). */
export function readPccd(dir: string): PhotoSet<PccdPhoto> {
  const file = pccdFiles.labels.map((name) => join(dir, name)).find((path) => existsSync(path));
  const path = file ?? join(dir, pccdFiles.labels[0]);
  const once = onlyOnce('title');
  const photos: PccdPhoto[] = [];
  let malformedScores = 0;
  for (const { value, line } of jsonElements(path)) {
    const record = (value ?? {}) as Record<string, unknown>;
    const { title } = record;
    if (typeof title !== 'string') throw badLine(path, line, 'a string "title"', JSON.stringify(title) ?? 'none');
    once(title, path, line);
    const scores = scoresOf(record['score'], path, line);
    malformedScores += scores.filter((score) => score === null).length;
    const text = (key: string): string => textOf(record[key], key, path, line);
    const attributes = pccdAspects.flatMap((aspect, i) => (scores[i] === null ? [] : [[aspect, scores[i]!] as const]));
    photos.push({
      name: title,
      path: listedPath(join(dir, pccdFiles.images), title, path, line),
      split: 'train',
      score: mean(attributes.map(([, score]) => score)),
      attributes: Object.fromEntries(attributes),
      description: text('description'),
      category: text('category'),
      texts: Object.fromEntries(pccdAspects.map((aspect) => [aspect, text(aspect)])) as Record<PccdAspect, string>,
    });
  }
  return photoSet(photos, { malformedScores });
}

function textOf(value: unknown, key: string, path: string, line: number): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') throw badLine(path, line, `text or null as "${key}"`, JSON.stringify(value));
  return value;
}

/** Seven numbers, null where a string holds none. */
function scoresOf(value: unknown, path: string, line: number): (number | null)[] {
  if (value === null || value === undefined) return pccdAspects.map(() => null);
  if (!Array.isArray(value)) throw badLine(path, line, 'an array "score"', JSON.stringify(value));
  return pccdAspects.map((_, i) => {
    // The reference loader reads each with Python's literal_eval, so quotes inside the string are possible.
    const text = String(value[i] ?? '').replace(/^\s*['"]?|['"]?\s*$/g, '');
    const score = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
    return score >= leastScore && score <= mostScore ? score : null;
  });
}
