// Numbers over steps. A stage's curve is a function of its key, so a point is keyed by (stage, item, name, step): a
// stage that goes on from a checkpoint writes the same points again, it does not add to them. When a point was recorded
// is its report's: nothing that is compared between runs.
import { and, eq, gt, inArray, sql } from 'drizzle-orm';
import { prepared, transaction, type Store } from '../database/database.ts';
import { metricCurves, metricPoints } from '../database/schema.ts';
import type { MetricCurve, MetricPoint, ReplacedMetrics } from '../types.ts';

/** SQLite has no NaN: NULL stands for it. */
const toColumn = (value: number): number | null => (Number.isNaN(value) ? null : value);

type Id = number | bigint;

export function logMetrics(store: Store, points: readonly MetricPoint[], replaced?: ReplacedMetrics): void {
  if (points.length === 0 && replaced === undefined) return;
  const insert = prepared(
    store,
    `INSERT INTO metric_points (curve, step, value, report) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET value = excluded.value, report = excluded.report`,
  );
  transaction(store, () => {
    if (replaced !== undefined) forgetAfter(store, replaced);
    const reports = new Map<string, Id>();
    if (replaced !== undefined) reports.set(replaced.runId, newReport(store, replaced.runId, replaced));
    const curves = new Map<string, Id>();
    for (const { runId, stageKey, item = 0, name, step, value } of points) {
      const curve = `${stageKey}/${item}/${name}`;
      if (!reports.has(runId)) reports.set(runId, newReport(store, runId));
      if (!curves.has(curve)) curves.set(curve, curveId(store, stageKey, item, name));
      insert.run(curves.get(curve), step, toColumn(value), reports.get(runId));
    }
  });
}

function newReport(store: Store, runId: string, replaced?: ReplacedMetrics): Id {
  const text = 'INSERT INTO metric_reports (run_id, at_ms, replaced_stage, replaced_after) VALUES (?, ?, ?, ?)';
  return prepared(store, text).run(runId, store.clock(), replaced?.stageKey, replaced?.after).lastInsertRowid;
}

function curveId(store: Store, stageKey: string, item: number, name: string): Id {
  const find = prepared(store, 'SELECT id FROM metric_curves WHERE stage_key = ? AND item = ? AND name = ?');
  const found = find.get(stageKey, item, name) as { id: number } | undefined;
  if (found !== undefined) return found.id;
  const add = prepared(store, 'INSERT INTO metric_curves (stage_key, item, name) VALUES (?, ?, ?)');
  return add.run(stageKey, item, name).lastInsertRowid;
}

function forgetAfter({ db }: Store, { stageKey, after }: ReplacedMetrics): void {
  const ofStage = db.select({ id: metricCurves.id }).from(metricCurves).where(eq(metricCurves.stageKey, stageKey));
  db.delete(metricPoints)
    .where(and(inArray(metricPoints.curve, ofStage), gt(metricPoints.step, after)))
    .run();
}

export function listMetrics({ db }: Store, stageKey: string): MetricCurve[] {
  const rows = db
    .select({ item: metricCurves.item, name: metricCurves.name, step: metricPoints.step, value: metricPoints.value })
    .from(metricCurves)
    .innerJoin(metricPoints, eq(metricPoints.curve, metricCurves.id))
    .where(eq(metricCurves.stageKey, stageKey))
    .orderBy(metricCurves.item, metricCurves.name, metricPoints.step)
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
