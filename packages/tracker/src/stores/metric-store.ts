// Numbers over steps. A stage's curve is a function of its key, so a point is keyed by (stage, item, name, step): a
// stage that goes on from a checkpoint writes the same points again, it does not add to them.
import { and, eq, gt, sql } from 'drizzle-orm';
import { transaction, type Store } from '../database/database.ts';
import { metrics } from '../database/schema.ts';
import type { MetricCurve, MetricPoint, ReplacedMetrics } from '../types.ts';

/** SQLite has no NaN: NULL stands for it. */
const toColumn = (value: number): number | null => (Number.isNaN(value) ? null : value);

const logStatements = new WeakMap<Store, ReturnType<typeof prepareLog>>();

export function logMetrics(store: Store, points: readonly MetricPoint[], replaced?: ReplacedMetrics): void {
  if (points.length === 0 && replaced === undefined) return;
  let statement = logStatements.get(store);
  if (!statement) logStatements.set(store, (statement = prepareLog(store)));
  const { run } = statement;
  transaction(store, () => {
    if (replaced !== undefined) forgetAfter(store, replaced);
    for (const point of points) run({ ...point, item: point.item ?? 0, value: toColumn(point.value) });
  });
}

/** Prepared once: a run writes many thousands of points. */
function prepareLog({ db }: Store) {
  const place = sql.placeholder;
  const statement = db
    .insert(metrics)
    .values({
      stageKey: place('stageKey'),
      item: place('item'),
      name: place('name'),
      step: place('step'),
      value: place('value'),
      runId: place('runId'),
    })
    .onConflictDoUpdate({
      target: [metrics.stageKey, metrics.item, metrics.name, metrics.step],
      set: { value: sql`excluded.value`, runId: sql`excluded.run_id` },
    })
    .prepare();
  return { run: (row: Record<string, unknown>) => void statement.run(row) };
}

function forgetAfter({ db }: Store, { stageKey, after }: ReplacedMetrics): void {
  db.delete(metrics)
    .where(and(eq(metrics.stageKey, stageKey), gt(metrics.step, after)))
    .run();
}

export function listMetrics({ db }: Store, stageKey: string): MetricCurve[] {
  const rows = db
    .select()
    .from(metrics)
    .where(eq(metrics.stageKey, stageKey))
    .orderBy(metrics.item, metrics.name, metrics.step)
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
