// Trials that differ in their seed alone, over all runs of a folder, and what a metric is over their seeds.
import { sql } from 'drizzle-orm';
import type { Store } from '../database/database.ts';
import { checkPage, type Page } from './page.ts';

export const groupSorts = ['newest', 'row', 'mean'] as const;

export interface GroupQuery extends Page {
  /** A metric of evaluations: PLCC, CIDEr, ... */
  readonly metric: string;
  /** Stands in the experiment's name or the row's, in any case. @default all */
  readonly text?: string;
  /** @default newest */
  readonly sort?: (typeof groupSorts)[number];
  /** @default true */
  readonly descending?: boolean;
}

export interface TrialGroup {
  readonly experiment: string;
  readonly row: string;
  /** Hash of all that is set but the seed. */
  readonly configuration: string;
  /** The newest run that has one of them. */
  readonly runId: string;
  readonly seeds: readonly number[];
  /** Of each seed; where several runs have evaluated it, of the newest. null: undefined there. */
  readonly values: readonly (number | null)[];
  /** Of the values there are; null: there is none. */
  readonly mean: number | null;
  /** Sample standard deviation; null: of fewer than two values. */
  readonly std: number | null;
  readonly n: number;
}

interface Found {
  readonly experiment: string;
  readonly row: string;
  readonly configuration: string;
  readonly seed: number;
  readonly value: number | null;
  readonly runId: string;
  readonly sequence: number;
}

/** One page, and how many groups there are on all. @throws CalmError `invalid_argument` for a page there cannot be. */
export function groupTrials(store: Store, query: GroupQuery): { groups: TrialGroup[]; total: number } {
  const { text = '', sort = 'newest', descending = true } = query;
  const { limit, offset } = checkPage(query);
  const wanted = text.toLowerCase();
  const groups = new Map<string, Found[]>();
  for (const found of evaluated(store, query.metric)) {
    if (!`${found.experiment} ${found.row}`.toLowerCase().includes(wanted)) continue;
    const key = JSON.stringify([found.experiment, found.row, found.configuration]);
    const own = groups.get(key);
    if (own === undefined) groups.set(key, [found]);
    else own.push(found);
  }
  const sign = descending ? -1 : 1;
  const all = [...groups.values()]
    .map((own) => ({ group: groupOf(own), newest: Math.max(...own.map(({ sequence }) => sequence)) }))
    .sort((a, b) => {
      const [x, y] = [a.group, b.group];
      // Without a mean at the end, whichever way.
      if (sort === 'mean' && (x.mean === null) !== (y.mean === null)) return x.mean === null ? 1 : -1;
      const order = { newest: a.newest - b.newest, mean: (x.mean ?? 0) - (y.mean ?? 0), row: compare(x.row, y.row) };
      return sign * order[sort] || b.newest - a.newest || compare(x.row, y.row);
    })
    .map(({ group }) => group);
  return { groups: all.slice(offset, offset + limit), total: all.length };
}

/** Names of the numbers that stages have left, sorted. A step a name: a list of all rows would read every one. */
export function metricNames({ sqlite }: Store): string[] {
  return sqlite
    .prepare(
      `WITH RECURSIVE names (name) AS (
         SELECT min(name) FROM stage_metrics
         UNION ALL
         SELECT (SELECT min(m.name) FROM stage_metrics m WHERE m.name > names.name) FROM names WHERE name IS NOT NULL
       ) SELECT name FROM names WHERE name IS NOT NULL`,
    )
    .pluck()
    .all() as string[];
}

/** Of each configuration and seed the newest number. (SQLite takes bare columns from the row that has the maximum.) */
function evaluated({ db }: Store, metric: string): Found[] {
  return db.all<Found>(sql`
    SELECT r.experiment, t.row, t.configuration, t.seed, m.value, r.id AS runId, max(r.sequence) AS sequence
    FROM stage_metrics m
    JOIN stages s ON s.key = m.stage_key AND s.role = 'evaluator'
    JOIN trial_stages ts ON ts.stage_key = m.stage_key
    JOIN run_stages rs ON rs.run_id = ts.run_id AND rs.stage_key = ts.stage_key AND rs.status = 'succeeded'
    JOIN trials t ON t.run_id = ts.run_id AND t.row = ts.row AND t.seed = ts.seed
    JOIN runs r ON r.id = ts.run_id AND r.removed_ms IS NULL
    WHERE m.name = ${metric}
    GROUP BY r.experiment, t.row, t.configuration, t.seed
    ORDER BY r.experiment, t.row, t.configuration, t.seed`);
}

function groupOf(own: readonly Found[]): TrialGroup {
  const { experiment, row, configuration } = own[0]!;
  const { runId } = own.reduce((newest, one) => (one.sequence > newest.sequence ? one : newest));
  const values = own.map(({ value }) => value);
  const present = values.filter((value) => value !== null);
  const n = present.length;
  const mean = n === 0 ? null : present.reduce((sum, value) => sum + value, 0) / n;
  const squares = present.reduce((sum, value) => sum + (value - mean!) * (value - mean!), 0);
  const std = n < 2 ? null : Math.sqrt(squares / (n - 1));
  return { experiment, row, configuration, runId, seeds: own.map(({ seed }) => seed), values, mean, std, n };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
