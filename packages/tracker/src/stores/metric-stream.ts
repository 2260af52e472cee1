// Points of a run for those who follow it, and for those who take all of them elsewhere.
import type { Store } from '../database/database.ts';
import type { MetricReport, MetricPoint } from '../types.ts';

type Row = [
  id: number,
  atMs: number | null,
  replacedStage: string | null,
  replacedAfter: number | null,
  curve: number,
  stageKey: string | null,
  item: number,
  name: string,
  step: number,
  value: number | null,
];

/** Number of the newest report; 0: there is none. */
export function lastReport({ sqlite }: Store): number {
  // Reports are never deleted.
  return sqlite.prepare('SELECT coalesce(max(id), 0) FROM metric_reports').pluck().get() as number;
}

/**
 * What has come for the stages of a run after report `after`, whoever recorded it, oldest first: whole reports, until they
 * hold `limit` points. A point that was recorded again is in its last report alone.
 */
export function metricsAfter(
  { sqlite }: Store,
  runId: string,
  after: number,
  { limit = 10_000 }: { readonly limit?: number } = {},
): MetricReport[] {
  const rows = sqlite
    .prepare(
      `SELECT r.id, r.at_ms, r.replaced_stage, r.replaced_after, c.id, c.stage_key, c.item, c.name, p.step, p.value
       FROM metric_reports r LEFT JOIN metric_points p ON p.report = r.id LEFT JOIN metric_curves c ON c.id = p.curve
       WHERE r.id > ? AND coalesce(c.stage_key, r.replaced_stage) IN
         (SELECT stage_key FROM run_stages WHERE run_id = ?)
       ORDER BY r.id, p.curve, p.step`,
    )
    .raw()
    .iterate(after, runId) as IterableIterator<Row>;
  const reports: (MetricReport & { points: MetricReport['points'][number][] })[] = [];
  let numPoints = 0;
  for (const [id, atMs, replacedStage, replacedAfter, curve, stageKey, item, name, step, value] of rows) {
    if (reports.at(-1)?.id !== id) {
      if (numPoints >= limit) break;
      const replaced = replacedStage === null ? null : { stageKey: replacedStage, after: replacedAfter! };
      reports.push({ id, atMs, replaced, points: [] });
    }
    if (stageKey === null) continue;
    reports.at(-1)!.points.push({ curve, stageKey, item, name, step, value: value ?? Number.NaN });
    numPoints++;
  }
  return reports;
}

/** As recorded last; `atMs` null: by an earlier version. */
export interface ExportedPoint extends Omit<Required<MetricPoint>, 'runId'> {
  readonly atMs: number | null;
}

const exportedAtOnce = 10_000;

/** All points of a run's stages, or of some, in order of plan, item, name, step. Between two parts other calls may be made. */
export function* exportMetrics(
  { sqlite }: Store,
  runId: string,
  stageKeys?: ReadonlySet<string>,
): Generator<ExportedPoint[]> {
  const curves = sqlite
    .prepare(
      `SELECT c.id, c.stage_key AS stageKey, c.item, c.name FROM run_stages rs
       JOIN metric_curves c ON c.stage_key = rs.stage_key WHERE rs.run_id = ? ORDER BY rs.position, c.item, c.name`,
    )
    .all(runId) as { id: number; stageKey: string; item: number; name: string }[];
  const part = sqlite
    .prepare(
      `SELECT p.step, p.value, r.at_ms FROM metric_points p JOIN metric_reports r ON r.id = p.report
       WHERE p.curve = ? AND p.step > ? ORDER BY p.step LIMIT ${exportedAtOnce}`,
    )
    .raw();
  for (const { id, ...head } of curves) {
    if (stageKeys?.has(head.stageKey) === false) continue;
    for (let last = Number.MIN_SAFE_INTEGER; ;) {
      const rows = part.all(id, last) as [step: number, value: number | null, atMs: number | null][];
      if (rows.length > 0)
        yield rows.map(([step, value, atMs]) => ({ ...head, step, value: value ?? Number.NaN, atMs }));
      if (rows.length < exportedAtOnce) break;
      last = rows.at(-1)![0];
    }
  }
}
