// A run's tables with what only the test items of its trials can tell: intervals, verdicts on claims, and what METEOR
// matched. Bootstraps take seconds, so they are remembered.
import { claimBaselines, isClaimBaseline, type Claim, type TableMetric, type TableSpec } from '@calm-orch/core';
import type { TestItems } from '@calm-orch/evaluator/test-items';
import type { RunRecord, RunStageRecord } from '@calm-orch/tracker';
import type { Interval, Table, Verdict } from '../table.ts';
import { collectTables, type TableSource } from '../tables/collect.ts';
import { isRehearsal, isStudio, rowsOfTable, rowsOnValidation, tablesOf } from '../tables/rows-of-table.ts';
import { bootstrap, type Measured } from './bootstrap.ts';
import { meanInterval } from './interval.ts';
import { remembered } from './judgement-cache.ts';
import { judgeAtLooks } from './looks.ts';
import { metricTable, type RowItems } from './metric-table.ts';
import { inOwnWords, isOwnClaim } from './own-claims.ts';
import { kindsMeasuring, openRunItems, wholeStages, type RunItems, type WholeArtifact } from './run-items.ts';
import { judge } from './verdict.ts';

export interface JudgeOptions {
  /** Null where an artifact was freed or is damaged: such a trial does not count. */
  readonly artifactOf: (stage: RunStageRecord) => WholeArtifact | null;
  /** Where judgements are kept; null: nowhere. */
  readonly cacheDir: string | null;
}

/** What the test items tell of one table. */
interface Judgement {
  readonly intervals: readonly {
    /** As the table shows it. */
    readonly row: string;
    readonly metric: TableMetric;
    readonly interval: Interval | null;
  }[];
  readonly verdicts: readonly Verdict[];
  readonly notes: readonly string[];
}

/** Every table of a run, judged; those of a rehearsal as they are. */
export async function judgeTables(
  tracker: TableSource,
  run: RunRecord,
  { artifactOf, cacheDir }: JudgeOptions,
): Promise<Table[]> {
  if (isRehearsal(run)) return collectTables(tracker, run);
  const specs = tablesOf(run);
  const metrics = specs.flatMap((spec) => [...spec.metrics, ...(spec.claims ?? []).map(({ metric }) => metric)]);
  const baselines = specs.flatMap(({ claims = [] }) => claims.flatMap(({ than }) => than.filter(isClaimBaseline)));
  const kinds = new Set<string>([
    ...metrics.flatMap(kindsMeasuring),
    ...baselines.map((name) => claimBaselines[name].kind),
  ]);
  const stages = wholeStages(tracker, run, kinds, artifactOf);
  const { looks, untilDecided } = run.resolved as Looks;
  const measuredOn = {
    specs,
    rows: specs.map(({ id }) => rowsOfTable(run, id).map(({ row, shown, paper }) => [row, shown, paper])),
    run: [specs.map(({ id }) => otherPhotographs(run, id)), looks ?? null, untilDecided ?? null],
    stages: stages.map(({ kind, key, trials, artifact }) => [kind, key, trials, artifact.files]),
  };
  const judgements = await remembered<Judgement[]>(cacheDir, measuredOn, async () => {
    return judgementsOf(await openRunItems(stages), run, specs);
  });
  return collectTables(tracker, run).map((table, i) => withJudgement(table, judgements[i]!));
}

/** What a run's test items say of a metric of one of its tables. */
interface TableItems {
  /** By row as the table shows it. */
  readonly rows: ReadonlyMap<string, RowItems>;
  /** Those that a claim about the metric names. */
  readonly baselines: ReadonlyMap<Claim, ReadonlyMap<string, RowItems>>;
  readonly metric: TableMetric;
}

async function judgementsOf(items: RunItems, run: RunRecord, specs: readonly TableSpec[]): Promise<Judgement[]> {
  const read = await Promise.all(specs.map((spec) => itemsOf(items, run, spec)));
  // All at once, since rows of several tables share trials.
  const measured = bootstrap(
    read.flat().flatMap(({ rows, baselines }) => [rows, ...baselines.values()].flatMap(allTrials)),
  );
  return Promise.all(
    specs.map(async (spec, i) => {
      const shown = read[i]!.filter(({ metric }) => spec.metrics.includes(metric));
      return {
        intervals: shown.flatMap(({ rows, metric }) =>
          [...rows].map(([row, own]) => {
            const interval = meanInterval(trialsOf(own).map((trial) => measured.get(trial)!));
            return { row, metric, interval };
          }),
        ),
        verdicts: verdictsOf(run, spec, read[i]!, measured),
        notes: [...itemNotes(shown, measured), ...lookNotes(run), ...(await meteorNotes(items, run, spec))],
      };
    }),
  );
}

const trialsOf = (row: RowItems): TestItems[] => [...row.values()];
const allTrials = (rows: ReadonlyMap<string, RowItems>): TestItems[] => [...rows.values()].flatMap(trialsOf);

/** For each metric that is shown or claimed about. */
async function itemsOf(items: RunItems, run: RunRecord, spec: TableSpec): Promise<TableItems[]> {
  const { claims = [] } = spec;
  const own = rowsOfTable(run, spec.id);
  const metrics = new Set([...spec.metrics, ...claims.map(({ metric }) => metric)]);
  return Promise.all(
    [...metrics].map(async (metric) => {
      const rows = await mapOf(own, async ({ row, shown }) => [shown, await items.itemsOf(row, metric)]);
      const about = claims.filter((claim) => claim.metric === metric);
      const baselines = await mapOf(about, async (claim) => {
        const { row } = own.find(({ shown }) => shown === claim.row)!;
        const named = claim.than.filter(isClaimBaseline);
        return [claim, await mapOf(named, async (name) => [name, await items.baselineOf(name, row, metric)])];
      });
      return { metric, rows, baselines };
    }),
  );
}

async function mapOf<T, K, V>(list: readonly T[], entry: (one: T) => Promise<readonly [K, V]>): Promise<Map<K, V>> {
  return new Map(await Promise.all(list.map(entry)));
}

function verdictsOf(
  run: RunRecord,
  { id, claims = [], published = [] }: TableSpec,
  read: readonly TableItems[],
  measured: ReadonlyMap<TestItems, Measured>,
): Verdict[] {
  const { looks, untilDecided } = run.resolved as Looks;
  const own = rowsOfTable(run, id);
  const photographs = otherPhotographs(run, id);
  const whyNotPublished =
    photographs && `published numbers are of the paper's test photographs, these of ${photographs}`;
  const lines = [...published, ...own.map(({ shown, paper }) => ({ row: shown, paper }))];
  return claims.map((claim) => {
    const { metric } = claim;
    const { rows, baselines } = read.find((items) => items.metric === metric)!;
    const numbers = lines.flatMap(({ row, paper }) =>
      paper[metric] === undefined ? [] : [[row, paper[metric]] as const],
    );
    const table = metricTable({
      metric,
      rows,
      baselines: baselines.get(claim)!,
      measured,
      paper: new Map(numbers),
      published: new Set(published.map(({ row }) => row)),
      whyNotPublished,
    });
    const verdict = untilDecided
      ? judgeAtLooks(claim, table, looks ?? [], untilDecided.maxSeeds).verdict
      : judge(claim, table);
    const hasPaper = lines.some(({ paper }) => Object.keys(paper).length > 0);
    return isOwnClaim(claim, hasPaper) ? inOwnWords(verdict) : verdict;
  });
}

/** What rows are evaluated on in place of the paper's test photographs; null where on these. */
function otherPhotographs(run: RunRecord, table: string): string | null {
  if (isStudio(run)) return 'the studio';
  return rowsOnValidation(run, rowsOfTable(run, table)).length > 0 ? 'the validation split' : null;
}

/** What a run that adds seeds until its claims are decided has recorded. */
interface Looks {
  /** Numbers of seeds at which its claims were judged. */
  readonly looks?: readonly number[];
  readonly untilDecided?: { readonly maxSeeds: number };
}

function lookNotes(run: RunRecord): string[] {
  const { looks = [], untilDecided } = run.resolved as Looks;
  if (untilDecided === undefined || looks.length === 0) return [];
  const seeds = `${looks.join(', ')} seeds of at most ${untilDecided.maxSeeds}`;
  return [`Claims were judged at ${seeds}; their intervals hold at all these looks together.`];
}

/** How many test items there are, by metric where they differ. */
function itemNotes(read: readonly TableItems[], measured: ReadonlyMap<TestItems, Measured>): string[] {
  const metricsOf = new Map<string, string[]>();
  for (const { rows, metric } of read) {
    const counts = allTrials(rows).map((trial) => {
      const { numClusters } = measured.get(trial)!;
      const { length } = trial.ids;
      return numClusters === length ? String(length) : `${length} of ${numClusters} photographs`;
    });
    const text = [...new Set(counts)].join(' or ');
    if (text !== '') metricsOf.set(text, [...(metricsOf.get(text) ?? []), metric]);
  }
  const parts = [...metricsOf].map(([text, metrics]) =>
    metricsOf.size === 1 ? text : `${text} (${metrics.join(', ')})`,
  );
  return parts.length === 0 ? [] : [`Test items: ${parts.join('; ')}.`];
}

/** The table with an interval in every cell of a row of ours that has its test items. */
function withJudgement(table: Table, { intervals, verdicts, notes }: Judgement): Table {
  return {
    ...table,
    rows: table.rows.map((line) => {
      if (line.imported) return line;
      const metrics = { ...line.metrics };
      for (const { row, metric, interval } of intervals) {
        const cell = metrics[metric];
        if (row === line.row && cell && interval) metrics[metric] = { ...cell, interval };
      }
      return { ...line, metrics };
    }),
    footnotes: [...notes, ...table.footnotes],
    verdicts,
  };
}

/** Which of METEOR's modules took part: without all four a score is lower, and is not the paper's. */
async function meteorNotes(items: RunItems, run: RunRecord, { id, metrics }: TableSpec): Promise<string[]> {
  if (!metrics.includes('METEOR')) return [];
  const names = await Promise.all(rowsOfTable(run, id).map(({ row }) => items.meteorOf(row)));
  const different = [...new Set(names.flat())].sort();
  if (different.length === 0) return [];
  const words = different.map((name) => {
    const modules = /\((.*)\)/.exec(name)?.[1];
    return modules === undefined ? 'exact words, stems, synonyms and paraphrases' : modules;
  });
  const all = different.join() === 'METEOR';
  return [
    `METEOR matched ${words.join(' in some rows, in others ')}${all ? '' : '; --meteor-dir names the folder of METEOR 1.5, whose synonyms and paraphrases then count'}.`,
  ];
}
