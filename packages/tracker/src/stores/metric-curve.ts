// Curves as a page asks for them: which there are, and each thinned to what a chart can show.
import { and, eq, sql } from 'drizzle-orm';
import { CalmError } from '@calm-orch/core';
import type { Store } from '../database/database.ts';
import { metricCurves } from '../database/schema.ts';

export interface CurveRange {
  /** Number of the curve in this folder. */
  readonly curve: number;
  readonly stageKey: string;
  readonly item: number;
  readonly name: string;
  readonly firstStep: number;
  readonly lastStep: number;
}

/** The curves of a run's stages, in order of plan, item, name. Curves without points are left out. */
export function listCurves({ db }: Store, runId: string): CurveRange[] {
  return db.all<CurveRange>(sql`
    SELECT * FROM (
      SELECT c.id AS curve, c.stage_key AS stageKey, c.item, c.name,
        (SELECT min(step) FROM metric_points p WHERE p.curve = c.id) AS firstStep,
        (SELECT max(step) FROM metric_points p WHERE p.curve = c.id) AS lastStep
      FROM run_stages rs JOIN metric_curves c ON c.stage_key = rs.stage_key
      WHERE rs.run_id = ${runId} ORDER BY rs.position, c.item, c.name
    ) WHERE firstStep IS NOT NULL`);
}

export interface CurveQuery {
  /** @default 0 */
  readonly item?: number;
  /** First step. @default the curve's */
  readonly from?: number;
  /** Last step. @default the curve's */
  readonly to?: number;
  /** Parts of equal numbers of steps, 1 to 799. @default 799 */
  readonly parts?: number;
}

/** `atMs`: when it was recorded; null: by an earlier version. A value may be NaN. */
export type TimedPoint = readonly [step: number, value: number, atMs: number | null];

export interface ThinnedCurve {
  /** Points of the range before they were thinned. */
  readonly numPoints: number;
  /** In order of steps: the first point, and of each part that with the least, the greatest and the last value. */
  readonly points: readonly TimedPoint[];
}

/** Three of each, and the first: at most 2,400 points. */
export const maxParts = 799;

/** @throws CalmError `invalid_argument` */
export function checkParts(parts: number): void {
  if (!Number.isSafeInteger(parts) || parts < 1 || parts > maxParts)
    throw new CalmError('invalid_argument', `parts: expected 1 to ${maxParts}, got ${parts}`);
}

type Row = [step: number, value: number | null, atMs: number | null];

/** A curve, or a range of it, in as many points as a chart can show. @throws CalmError `invalid_argument` for another number of parts. */
export function thinnedCurve(
  store: Store,
  stageKey: string,
  name: string,
  { item = 0, from, to, parts = maxParts }: CurveQuery = {},
): ThinnedCurve {
  checkParts(parts);
  const curve = store.db
    .select({ id: metricCurves.id })
    .from(metricCurves)
    .where(and(eq(metricCurves.stageKey, stageKey), eq(metricCurves.item, item), eq(metricCurves.name, name)))
    .get();
  const range = curve && rangeOf(store, curve.id, from, to);
  if (curve === undefined || range === undefined) return { numPoints: 0, points: [] };
  const rows = store.sqlite
    .prepare(
      `SELECT p.step, p.value, r.at_ms FROM metric_points p JOIN metric_reports r ON r.id = p.report
       WHERE p.curve = ? AND p.step BETWEEN ? AND ? ORDER BY p.step`,
    )
    .raw()
    .iterate(curve.id, range.first, range.last) as IterableIterator<Row>;
  return thin(rows, range, parts);
}

/** Steps of the first and the last point; undefined: there is none. */
function rangeOf({ sqlite }: Store, curve: number, from?: number, to?: number) {
  const { MIN_SAFE_INTEGER: least, MAX_SAFE_INTEGER: most } = Number;
  const range = sqlite
    .prepare(
      `SELECT (SELECT min(step) FROM metric_points WHERE curve = $curve AND step BETWEEN $from AND $to) AS first,
         (SELECT max(step) FROM metric_points WHERE curve = $curve AND step BETWEEN $from AND $to) AS last`,
    )
    .get({ curve, from: from ?? least, to: to ?? most }) as { first: number | null; last: number };
  return range.first === null ? undefined : { first: range.first, last: range.last };
}

function thin(rows: Iterable<Row>, { first, last }: { first: number; last: number }, parts: number): ThinnedCurve {
  const points: TimedPoint[] = [];
  const width = (last - first + 1) / parts;
  let numPoints = 0;
  let part = -1;
  let least: TimedPoint | undefined;
  let greatest: TimedPoint | undefined;
  let newest: TimedPoint | undefined;
  const close = (): void => {
    const kept = [...new Set([least, greatest, newest])].filter((point) => point !== undefined);
    points.push(...kept.sort(([a], [b]) => a - b));
    least = greatest = newest = undefined;
  };
  for (const [step, value, atMs] of rows) {
    const point: TimedPoint = [step, value ?? Number.NaN, atMs];
    if (numPoints++ === 0) points.push(point);
    const own = Math.floor((step - first) / width);
    if (own !== part) close();
    part = own;
    newest = point;
    if (value === null) continue;
    if (least === undefined || value < least[1]) least = point;
    if (greatest === undefined || value > greatest[1]) greatest = point;
  }
  close();
  // The first may have been kept by its part as well.
  if (points.length > 1 && points[0]![0] === points[1]![0]) points.shift();
  return { numPoints, points };
}
