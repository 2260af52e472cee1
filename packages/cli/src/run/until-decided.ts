// After all seeds of a run that goes on until its claims are decided: which rows get a further seed, and why others do not.
import { seedsOf, type ResolvedExperiment } from '@calm-orch/core';
import { undecidedRows, type Table } from '@calm-orch/report';
import type { RunRecord } from '@calm-orch/tracker';

export interface UndecidedClaim {
  /** Id of its table. */
  readonly table: string;
  readonly claim: string;
  /** Rows a further seed is wanted of, as the run names them. */
  readonly rows: readonly string[];
  /** That all of these have. */
  readonly seeds: number;
  /** Estimate; null: there is none. */
  readonly seedsToDecide: number | null;
  /** Why it gets no further seed; null: it gets one. */
  readonly givenUp: string | null;
}

/** @param tables Of all seeds the run has so far. Null: the run was not asked to go on until its claims are decided. */
export function undecidedClaims({ resolved }: Pick<RunRecord, 'resolved'>, tables: readonly Table[]) {
  const experiment = resolved as unknown as ResolvedExperiment;
  const { untilDecided } = experiment;
  return untilDecided === undefined
    ? null
    : tables.flatMap((table) => undecidedIn(table, experiment, untilDecided.maxSeeds));
}

function undecidedIn(
  table: Table,
  { rows: all, seeds, tables }: ResolvedExperiment,
  maxSeeds: number,
): UndecidedClaim[] {
  const claims = table.verdicts.filter(({ verdict }) => verdict === 'undecided').map(({ claim }) => claim);
  const inRun = (row: string): string => (tables === undefined ? row : `${table.table}/${row}`);
  return undecidedRows(table).map(({ rows: shown, seedsToDecide }, i) => {
    const rows = shown.map(inRun);
    const counts = all.filter(({ row }) => rows.includes(row)).map(({ seeds: own = seeds }) => own.length);
    const claim = { table: table.table, claim: claims[i]!, rows, seeds: Math.min(...counts), seedsToDecide };
    return { ...claim, givenUp: whyGivenUp(claim, maxSeeds) };
  });
}

function whyGivenUp(
  { seeds, seedsToDecide }: Pick<UndecidedClaim, 'seeds' | 'seedsToDecide'>,
  maxSeeds: number,
): string | null {
  if (seeds >= maxSeeds) return `undecided with ${seeds} seeds, as many as --max-seeds allows`;
  if (seedsToDecide === null) return `undecided with ${seeds} seeds, and more seeds alone would not decide it`;
  if (seedsToDecide <= maxSeeds) return null;
  return `undecided with ${seeds} seeds; about ${seedsToDecide} would decide it, --max-seeds allows ${maxSeeds}`;
}

/** What the end of such a run says. */
export function conclusions({ resolved }: Pick<RunRecord, 'resolved'>, undecided: readonly UndecidedClaim[]): string[] {
  const most = Math.max(...seedCounts(resolved as unknown as ResolvedExperiment));
  if (undecided.length === 0) return [`Every claim that is judged is decided, with at most ${most} seeds a row.`];
  return undecided.map(({ claim, givenUp, seedsToDecide }) => `"${claim}": ${givenUp ?? about(seedsToDecide)}.`);
}

const seedCounts = ({ rows, seeds }: ResolvedExperiment): number[] => rows.map(({ seeds: own = seeds }) => own.length);

/** What is said before the next seed. */
export function nextSeedLine({ resolved }: Pick<RunRecord, 'resolved'>, open: readonly UndecidedClaim[]): string {
  const rows = [...new Set(open.flatMap((claim) => claim.rows))];
  const next = Math.max(...seedsOf(resolved as unknown as ResolvedExperiment)) + 1;
  const claims = open.map(({ claim, seedsToDecide }) => `"${claim}" is ${about(seedsToDecide)}`);
  return `Seed ${next} is added to ${rows.join(', ')}: ${claims.join('; ')}.`;
}

const about = (seeds: number | null): string =>
  seeds === null ? 'undecided' : `undecided, about ${seeds} seeds would decide it`;
