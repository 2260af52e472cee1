// Curves as a page asks for them: which there are, and each thinned to what a chart can show.
import { and, eq, sql } from 'drizzle-orm';
import { CalmError } from '@calm-orch/core';
import type { Store } from '../database/database.ts';
import { metricSeries } from '../database/schema.ts';

export interface SeriesRange {
  readonly stageKey: string;
  readonly item: number;
  readonly name: string;
  readonly firstStep: number;
  readonly lastStep: number;
}

/** The curves of a run's stages, in order of plan, item, name. Curves without points are left out. */
export function listSeries({ db }: Store, runId: string): SeriesRange[] {
  return db.all<SeriesRange>(sql`
    SELECT * FROM (
      SELECT s.stage_key AS stageKey, s.item, s.name,
        (SELECT min(step) FROM metric_points p WHERE p.series = s.id) AS firstStep,
        (SELECT max(step) FROM metric_points p WHERE p.series = s.id) AS lastStep
      FROM run_stages rs JOIN metric_series s ON s.stage_key = rs.stage_key
      WHERE rs.run_id = ${runId} ORDER BY rs.position, s.item, s.name
    ) WHERE firstStep IS NOT NULL`);
}

export interface SeriesQuery {
  /** @default 0 */
  readonly item?: number;
  /** First step. @default the curve's */
  readonly from?: number;
  /** Last step. @default the curve's */
  readonly to?: number;
  /** Parts of equal numbers of steps, 1 to 799. @default 799 */
  readonly buckets?: number;
}

/** `atMs`: when it was recorded; null: by an earlier version. A value may be NaN. */
export type TimedPoint = readonly [step: number, value: number, atMs: number | null];

export interface ThinnedSeries {
  /** Points of the range before they were thinned. */
  readonly numPoints: number;
  /** In order of steps: the first point, and of each bucket that with the least, the greatest and the last value. */
  readonly points: readonly TimedPoint[];
}

/** Three of each, and the first: at most 2,400 points. */
const maxBuckets = 799;

type Row = [step: number, value: number | null, atMs: number | null];

/** A curve, or a range of it, in as many points as a chart can show. @throws CalmError `invalid_argument` for another number of buckets. */
export function metricSeriesOf(
  store: Store,
  stageKey: string,
  name: string,
  { item = 0, from, to, buckets = maxBuckets }: SeriesQuery = {},
): ThinnedSeries {
  if (!Number.isSafeInteger(buckets) || buckets < 1 || buckets > maxBuckets)
    throw new CalmError('invalid_argument', `buckets: expected 1 to ${maxBuckets}, got ${buckets}`);
  const series = store.db
    .select({ id: metricSeries.id })
    .from(metricSeries)
    .where(and(eq(metricSeries.stageKey, stageKey), eq(metricSeries.item, item), eq(metricSeries.name, name)))
    .get();
  const range = series && rangeOf(store, series.id, from, to);
  if (series === undefined || range === undefined) return { numPoints: 0, points: [] };
  const rows = store.sqlite
    .prepare(
      `SELECT p.step, p.value, b.at_ms FROM metric_points p JOIN metric_batches b ON b.id = p.batch
       WHERE p.series = ? AND p.step BETWEEN ? AND ? ORDER BY p.step`,
    )
    .raw()
    .iterate(series.id, range.first, range.last) as IterableIterator<Row>;
  return thin(rows, range, buckets);
}

/** Steps of the first and the last point; undefined: there is none. */
function rangeOf({ sqlite }: Store, series: number, from?: number, to?: number) {
  const { MIN_SAFE_INTEGER: least, MAX_SAFE_INTEGER: most } = Number;
  const range = sqlite
    .prepare(
      `SELECT (SELECT min(step) FROM metric_points WHERE series = $series AND step BETWEEN $from AND $to) AS first,
         (SELECT max(step) FROM metric_points WHERE series = $series AND step BETWEEN $from AND $to) AS last`,
    )
    .get({ series, from: from ?? least, to: to ?? most }) as { first: number | null; last: number };
  return range.first === null ? undefined : { first: range.first, last: range.last };
}

function thin(rows: Iterable<Row>, { first, last }: { first: number; last: number }, buckets: number): ThinnedSeries {
  const points: TimedPoint[] = [];
  const width = (last - first + 1) / buckets;
  let numPoints = 0;
  let bucket = -1;
  let [least, greatest, newest]: (TimedPoint | undefined)[] = [];
  const close = (): void => {
    const kept = [...new Set([least, greatest, newest])].filter((point) => point !== undefined);
    points.push(...kept.sort(([a], [b]) => a - b));
    [least, greatest, newest] = [];
  };
  for (const [step, value, atMs] of rows) {
    const point: TimedPoint = [step, value ?? Number.NaN, atMs];
    if (numPoints++ === 0) points.push(point);
    const own = Math.floor((step - first) / width);
    if (own !== bucket) close();
    bucket = own;
    newest = point;
    if (value === null) continue;
    if (least === undefined || value < least[1]) least = point;
    if (greatest === undefined || value > greatest[1]) greatest = point;
  }
  close();
  // The first may have been kept by its bucket as well.
  if (points.length > 1 && points[0]![0] === points[1]![0]) points.shift();
  return { numPoints, points };
}
