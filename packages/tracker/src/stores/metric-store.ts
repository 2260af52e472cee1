// Numbers over steps. A stage's curve is a function of its key, so a point is keyed by (stage, item, name, step): a
// stage that goes on from a checkpoint writes the same points again, it does not add to them. When a point was recorded
// is its batch's: nothing that is compared between runs.
import { and, eq, gt, inArray, sql } from 'drizzle-orm';
import { transaction, type Store } from '../database/database.ts';
import { metricBatches, metricPoints, metricSeries } from '../database/schema.ts';
import type { MetricCurve, MetricPoint, ReplacedMetrics } from '../types.ts';

/** SQLite has no NaN: NULL stands for it. */
const toColumn = (value: number): number | null => (Number.isNaN(value) ? null : value);

const logStatements = new WeakMap<Store, ReturnType<typeof prepareLog>>();

export function logMetrics(store: Store, points: readonly MetricPoint[], replaced?: ReplacedMetrics): void {
  if (points.length === 0 && replaced === undefined) return;
  let statements = logStatements.get(store);
  if (!statements) logStatements.set(store, (statements = prepareLog(store)));
  const { batchOf, seriesOf, insert } = statements;
  transaction(store, () => {
    if (replaced !== undefined) forgetAfter(store, replaced);
    const batches = new Map<string, number | bigint>();
    if (replaced !== undefined) batches.set(replaced.runId, batchOf(replaced.runId, replaced));
    const series = new Map<string, number | bigint>();
    for (const { runId, stageKey, item = 0, name, step, value } of points) {
      const curve = `${stageKey}/${item}/${name}`;
      if (!batches.has(runId)) batches.set(runId, batchOf(runId));
      if (!series.has(curve)) series.set(curve, seriesOf(stageKey, item, name));
      insert(series.get(curve)!, step, toColumn(value), batches.get(runId)!);
    }
  });
}

/** Prepared once, and without drizzle between: a run writes many thousands of points. */
function prepareLog({ sqlite, clock }: Store) {
  const batch = sqlite.prepare(
    'INSERT INTO metric_batches (run_id, at_ms, replaced_stage, replaced_after) VALUES (?, ?, ?, ?)',
  );
  const find = sqlite.prepare('SELECT id FROM metric_series WHERE stage_key = ? AND item = ? AND name = ?').pluck();
  const add = sqlite.prepare('INSERT INTO metric_series (stage_key, item, name) VALUES (?, ?, ?)');
  const point = sqlite.prepare(
    `INSERT INTO metric_points (series, step, value, batch) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET value = excluded.value, batch = excluded.batch`,
  );
  return {
    batchOf: (runId: string, replaced?: ReplacedMetrics) =>
      batch.run(runId, clock(), replaced?.stageKey, replaced?.after).lastInsertRowid,
    seriesOf: (stageKey: string, item: number, name: string) =>
      (find.get(stageKey, item, name) as number | undefined) ?? add.run(stageKey, item, name).lastInsertRowid,
    insert: (...values: [series: number | bigint, step: number, value: number | null, batch: number | bigint]) =>
      void point.run(...values),
  };
}

function forgetAfter({ db }: Store, { stageKey, after }: ReplacedMetrics): void {
  const ofStage = db.select({ id: metricSeries.id }).from(metricSeries).where(eq(metricSeries.stageKey, stageKey));
  db.delete(metricPoints)
    .where(and(inArray(metricPoints.series, ofStage), gt(metricPoints.step, after)))
    .run();
}

export function listMetrics({ db }: Store, stageKey: string): MetricCurve[] {
  const rows = db
    .select({ item: metricSeries.item, name: metricSeries.name, step: metricPoints.step, value: metricPoints.value })
    .from(metricSeries)
    .innerJoin(metricPoints, eq(metricPoints.series, metricSeries.id))
    .where(eq(metricSeries.stageKey, stageKey))
    .orderBy(metricSeries.item, metricSeries.name, metricPoints.step)
    .all();
  const curves = new Map<string, MetricCurve & { points: [number, number][] }>();
  for (const { item, name, step, value } of rows) {
    const id = `${item}/${name}`;
    if (!curves.has(id)) curves.set(id, { stageKey, item, name, points: [] });
    curves.get(id)!.points.push([step, value ?? Number.NaN]);
  }
  return [...curves.values()];
}

export interface TrialMetric {
  readonly row: string;
  readonly seed: number;
  readonly name: string;
  readonly value: number | null;
}

export function trialMetrics({ db }: Store, runId: string): TrialMetric[] {
  return db.all<TrialMetric>(
    sql`SELECT row, seed, name, value FROM trial_metrics WHERE run_id = ${runId} ORDER BY row, seed, name`,
  );
}
