// A metric of all evaluated trials of a folder, by run. Of 10,000 runs it takes long to read, so it is kept: later only the
// runs of which something was recorded since are read again. Every change of a run's stages appends an event, but that a run
// is removed, and that a stage it reuses is made again by another run.
import type { Store } from '../database/database.ts';
import { lastEvent } from './event-store.ts';

/** Trials of one are repetitions of each other. One object each: they can be compared. */
export interface GroupName {
  readonly experiment: string;
  readonly row: string;
  readonly configuration: string;
}

export interface EvaluatedTrial {
  readonly group: GroupName;
  readonly seed: number;
  readonly value: number | null;
  readonly runId: string;
  /** When the run was started, among all. */
  readonly sequence: number;
}

/** Another object once something has changed. */
export type EvaluatedRuns = ReadonlyMap<string, readonly EvaluatedTrial[]>;

interface Kept {
  readonly event: number;
  readonly numRemoved: number;
  readonly names: Map<string, GroupName>;
  readonly runs: EvaluatedRuns;
}

/** By metric. */
const keptOf = new WeakMap<Store, Map<string, Kept>>();

export function evaluatedRuns(store: Store, metric: string): EvaluatedRuns {
  const byMetric = keptOf.get(store) ?? new Map<string, Kept>();
  keptOf.set(store, byMetric);
  const known = byMetric.get(metric);
  // Before what they are about: what is recorded meanwhile is read twice rather than never.
  const event = lastEvent(store);
  const numRemoved = store.sqlite.prepare('SELECT count(removed_ms) FROM runs').pluck().get() as number;
  const names = known?.names ?? new Map<string, GroupName>();
  let runs = known?.runs;
  if (runs === undefined) runs = readRuns(store, metric, names);
  else {
    const changed = changedRuns(store, known!.event);
    if (numRemoved !== known!.numRemoved) changed.push(...removedRuns(store));
    if (changed.length > 0) {
      const others = new Map(runs);
      for (const id of changed) others.delete(id);
      runs = new Map([...others, ...readRuns(store, metric, names, changed)]);
    }
  }
  byMetric.set(metric, { event, numRemoved, names, runs });
  return runs;
}

function changedRuns({ sqlite }: Store, since: number): string[] {
  return sqlite
    .prepare(
      `SELECT run_id FROM events WHERE id > $since AND run_id IS NOT NULL
       UNION
       SELECT ts.run_id FROM events e JOIN trial_stages ts ON ts.stage_key = e.stage_key
       WHERE e.id > $since AND e.type = 'stage succeeded'`,
    )
    .pluck()
    .all({ since }) as string[];
}

const removedRuns = ({ sqlite }: Store): string[] =>
  sqlite.prepare('SELECT id FROM runs WHERE removed_ms IS NOT NULL').pluck().all() as string[];

type Row = [
  runId: string,
  sequence: number,
  experiment: string,
  row: string,
  conf: string,
  seed: number,
  value: number | null,
];

/** @param only @default all */
function readRuns(
  { sqlite }: Store,
  metric: string,
  names: Map<string, GroupName>,
  only?: readonly string[],
): EvaluatedRuns {
  // A few runs are read from the run to its numbers; SQLite, left alone, would read every number of the metric.
  const join = only === undefined ? 'JOIN' : 'CROSS JOIN';
  const rows = sqlite
    .prepare(
      `SELECT r.id, r.sequence, r.experiment, t.row, t.configuration, t.seed, m.value
       FROM runs r
       ${join} trials t ON t.run_id = r.id
       ${join} trial_stages ts ON ts.run_id = t.run_id AND ts.row = t.row AND ts.seed = t.seed
       ${join} stage_metrics m ON m.stage_key = ts.stage_key AND m.name = $metric
       ${join} stages s ON s.key = ts.stage_key AND s.role = 'evaluator'
       ${join} run_stages rs ON rs.run_id = ts.run_id AND rs.stage_key = ts.stage_key AND rs.status = 'succeeded'
       WHERE r.removed_ms IS NULL ${only === undefined ? '' : 'AND r.id IN (SELECT value FROM json_each($only))'}`,
    )
    .raw()
    .iterate({ metric, ...(only !== undefined && { only: JSON.stringify(only) }) }) as IterableIterator<Row>;
  const runs = new Map<string, EvaluatedTrial[]>();
  for (const [runId, sequence, experiment, row, configuration, seed, value] of rows) {
    const name = JSON.stringify([experiment, row, configuration]);
    let group = names.get(name);
    if (group === undefined) names.set(name, (group = { experiment, row, configuration }));
    let own = runs.get(runId);
    if (own === undefined) runs.set(runId, (own = []));
    // The id of the run once for all of its trials.
    own.push({ group, seed, value, runId: own[0]?.runId ?? runId, sequence });
  }
  return runs;
}
