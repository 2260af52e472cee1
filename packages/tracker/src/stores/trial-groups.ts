// Trials that differ in their seed alone, over all runs of a folder, and what a metric is over their seeds.
import type { Store } from '../database/database.ts';
import { evaluatedRuns, type EvaluatedRuns, type EvaluatedTrial, type GroupName } from './evaluated-trials.ts';
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

/** One page, and how many groups there are on all. @throws CalmError `invalid_argument` for a page there cannot be. */
export function groupTrials(store: Store, query: GroupQuery): { groups: TrialGroup[]; total: number } {
  const { text = '', sort = 'newest', descending = true } = query;
  const { limit, offset } = checkPage(query);
  const wanted = text.toLowerCase();
  const sign = descending ? -1 : 1;
  const all = groupsOf(evaluatedRuns(store, query.metric))
    .filter(({ group }) => `${group.experiment} ${group.row}`.toLowerCase().includes(wanted))
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

interface Dated {
  readonly group: TrialGroup;
  /** When its newest run was started, among all. */
  readonly newest: number;
}

const known = new WeakMap<EvaluatedRuns, readonly Dated[]>();

/** In no order. Found once for the pages of a list. */
function groupsOf(runs: EvaluatedRuns): readonly Dated[] {
  const before = known.get(runs);
  if (before !== undefined) return before;
  const groups = new Map<GroupName, Map<number, EvaluatedTrial>>();
  for (const trials of runs.values())
    for (const trial of trials) {
      const own = groups.get(trial.group) ?? new Map<number, EvaluatedTrial>();
      groups.set(trial.group, own);
      const other = own.get(trial.seed);
      if (other === undefined || trial.sequence > other.sequence) own.set(trial.seed, trial);
    }
  const found = [...groups].map(([name, own]) => groupOf(name, [...own.values()]));
  known.set(runs, found);
  return found;
}

/** @param own Of each seed the newest. */
function groupOf(name: GroupName, own: EvaluatedTrial[]): Dated {
  own.sort((a, b) => a.seed - b.seed);
  const { runId, sequence: newest } = own.reduce((last, one) => (one.sequence > last.sequence ? one : last));
  const values = own.map(({ value }) => value);
  const present = values.filter((value) => value !== null);
  const n = present.length;
  const mean = n === 0 ? null : present.reduce((sum, value) => sum + value, 0) / n;
  const squares = present.reduce((sum, value) => sum + (value - mean!) * (value - mean!), 0);
  const std = n < 2 ? null : Math.sqrt(squares / (n - 1));
  return { group: { ...name, runId, seeds: own.map(({ seed }) => seed), values, mean, std, n }, newest };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
