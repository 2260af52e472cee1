// Points of a run for those who follow it, and for those who take all of them elsewhere.
import type { Store } from '../database/database.ts';
import type { MetricBatch, MetricPoint } from '../types.ts';

type Row = [
  id: number,
  atMs: number | null,
  replacedStage: string | null,
  replacedAfter: number | null,
  stageKey: string | null,
  item: number,
  name: string,
  step: number,
  value: number | null,
];

/** Number of the newest batch; 0: there is none. */
export function lastBatch({ sqlite }: Store): number {
  // Batches are never deleted.
  return sqlite.prepare('SELECT coalesce(max(id), 0) FROM metric_batches').pluck().get() as number;
}

/**
 * What has come for the stages of a run after batch `after`, whoever recorded it, oldest first: whole batches, until they
 * hold `limit` points. A point that was recorded again is in its last batch alone.
 */
export function metricsAfter(
  { sqlite }: Store,
  runId: string,
  after: number,
  { limit = 10_000 }: { readonly limit?: number } = {},
): MetricBatch[] {
  const rows = sqlite
    .prepare(
      `SELECT b.id, b.at_ms, b.replaced_stage, b.replaced_after, s.stage_key, s.item, s.name, p.step, p.value
       FROM metric_batches b LEFT JOIN metric_points p ON p.batch = b.id LEFT JOIN metric_series s ON s.id = p.series
       WHERE b.id > ? AND coalesce(s.stage_key, b.replaced_stage) IN
         (SELECT stage_key FROM run_stages WHERE run_id = ?)
       ORDER BY b.id, p.series, p.step`,
    )
    .raw()
    .iterate(after, runId) as IterableIterator<Row>;
  const batches: (MetricBatch & { points: MetricBatch['points'][number][] })[] = [];
  let numPoints = 0;
  for (const [id, atMs, replacedStage, replacedAfter, stageKey, item, name, step, value] of rows) {
    if (batches.at(-1)?.id !== id) {
      if (numPoints >= limit) break;
      const replaced = replacedStage === null ? null : { stageKey: replacedStage, after: replacedAfter! };
      batches.push({ id, atMs, replaced, points: [] });
    }
    if (stageKey === null) continue;
    batches.at(-1)!.points.push({ stageKey, item, name, step, value: value ?? Number.NaN });
    numPoints++;
  }
  return batches;
}

/** As recorded last; `atMs` null: by an earlier version. */
export interface ExportedPoint extends Omit<Required<MetricPoint>, 'runId'> {
  readonly atMs: number | null;
}

const exportedAtOnce = 10_000;

/** All points of a run's stages, in order of plan, item, name, step. Between two parts other calls may be made. */
export function* exportMetrics({ sqlite }: Store, runId: string): Generator<ExportedPoint[]> {
  const series = sqlite
    .prepare(
      `SELECT s.id, s.stage_key AS stageKey, s.item, s.name FROM run_stages rs
       JOIN metric_series s ON s.stage_key = rs.stage_key WHERE rs.run_id = ? ORDER BY rs.position, s.item, s.name`,
    )
    .all(runId) as { id: number; stageKey: string; item: number; name: string }[];
  const part = sqlite
    .prepare(
      `SELECT p.step, p.value, b.at_ms FROM metric_points p JOIN metric_batches b ON b.id = p.batch
       WHERE p.series = ? AND p.step > ? ORDER BY p.step LIMIT ${exportedAtOnce}`,
    )
    .raw();
  for (const { id, ...head } of series)
    for (let last = Number.MIN_SAFE_INTEGER; ;) {
      const rows = part.all(id, last) as [step: number, value: number | null, atMs: number | null][];
      if (rows.length > 0) yield rows.map(([step, value, atMs]) => ({ ...head, step, value: value ?? Number.NaN, atMs }));
      if (rows.length < exportedAtOnce) break;
      last = rows.at(-1)![0];
    }
}
