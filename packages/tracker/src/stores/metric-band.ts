// A metric over several stages, such as the seeds of a row: its mean, least and greatest value, thinned to what a chart can
// show. Each of its points stands for a part of the steps: for one step where there are few.
import type { Store } from '../database/database.ts';
import { checkParts, maxParts, type CurveQuery } from './metric-curve.ts';

/** `step` is the last of its part; the mean is over all values of all stages in it. */
export type BandPoint = readonly [step: number, mean: number, least: number, greatest: number];

/** Values that are not finite are left out. @throws CalmError `invalid_argument` for another number of parts. */
export function metricBand(
  { sqlite }: Store,
  stageKeys: readonly string[],
  name: string,
  { item = 0, from, to, parts = maxParts }: CurveQuery = {},
): BandPoint[] {
  checkParts(parts);
  const { MIN_SAFE_INTEGER: least, MAX_SAFE_INTEGER: most } = Number;
  const wanted = { keys: JSON.stringify(stageKeys), name, item, from: from ?? least, to: to ?? most };
  const curves = `SELECT c.id FROM json_each($keys) k JOIN metric_curves c ON c.stage_key = k.value AND c.item = $item AND c.name = $name`;
  // The index gives first and last; min and max over all curves at once would read every point.
  const end = (which: 'min' | 'max'): string =>
    `(SELECT ${which}(step) FROM metric_points p WHERE p.curve = c.id AND p.step BETWEEN $from AND $to)`;
  const range = sqlite
    .prepare(`SELECT min(${end('min')}) AS first, max(${end('max')}) AS last FROM (${curves}) c`)
    .get(wanted) as { first: number | null; last: number };
  if (range.first === null) return [];
  const width = Math.max(1, (range.last - range.first + 1) / parts);
  return sqlite
    .prepare(
      `SELECT max(p.step), avg(p.value), min(p.value), max(p.value)
       FROM (${curves}) c JOIN metric_points p ON p.curve = c.id
       WHERE p.step BETWEEN $first AND $last AND abs(p.value) < 9e999
       GROUP BY CAST((p.step - $first) / $width AS INTEGER) ORDER BY 1`,
    )
    .raw()
    .all({ keys: wanted.keys, name, item, first: range.first, last: range.last, width }) as BandPoint[];
}
