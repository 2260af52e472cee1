// The table of a run under way as far as it is filled: a cell has the mean of the seeds that have its number, else a sign.
import { columns as inColumns, rowsOfTable, tablesOf } from '@calm-orch/report';
import type { RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';
import { cutText } from './cut-text.ts';

type TrialState = 'done' | 'running' | 'waiting' | 'failed';

export interface FillingTable {
  readonly title: string;
  readonly metrics: readonly string[];
  readonly rows: readonly {
    readonly row: string;
    /** By metric; null: no seed has it yet. */
    readonly means: readonly (number | null)[];
    /** By seed. */
    readonly trials: readonly TrialState[];
  }[];
}

/** The first table that is not full yet; null: the run has none with columns. */
export function fillingTable(tracker: Tracker, runId: string): FillingTable | null {
  const run = tracker.getRun(runId);
  const stages = tracker.listRunStages(runId).filter(({ status }) => status === 'running');
  const numbers = tracker.trialMetrics(runId);
  const tables = tablesOf(run).map(({ id, title, metrics }) => ({
    title,
    metrics,
    rows: rowsOfTable(run, id).map(({ row, shown }) => ({
      row: shown,
      means: metrics.map((metric) =>
        meanOf(numbers.filter((one) => one.row === row && one.name === metric).map(({ value }) => value)),
      ),
      trials: run.trials.filter((trial) => trial.row === row).map((trial) => stateOf(trial, stages)),
    })),
  }));
  const withColumns = tables.filter(({ metrics }) => metrics.length > 0);
  const isOpen = ({ rows }: FillingTable): boolean =>
    rows.some(({ trials }) => trials.some((state) => state === 'running' || state === 'waiting'));
  return withColumns.find(isOpen) ?? withColumns.at(-1) ?? null;
}

function meanOf(values: readonly (number | null)[]): number | null {
  const finite = values.filter((value) => value !== null);
  return finite.length === 0 ? null : finite.reduce((sum, value) => sum + value, 0) / finite.length;
}

function stateOf({ row, seed, status }: RunRecord['trials'][number], running: readonly RunStageRecord[]): TrialState {
  if (status === 'succeeded') return 'done';
  if (status === 'failed') return 'failed';
  const isComputed = running.some(({ trials }) => trials.some((one) => one.row === row && one.seed === seed));
  return isComputed ? 'running' : 'waiting';
}

const signs: Readonly<Record<TrialState, string>> = { done: '●', running: '◐', waiting: '○', failed: '✕' };
/** More are counted. */
const maxSigns = 10;
const narrowestName = 12;

/** At most `rows` lines of at most `columns` cells; none where there is no room for a row and what belongs to it. */
export function fillingLines(
  { title, metrics, rows: all }: FillingTable,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): string[] {
  const room = Math.min(all.length, rows - (all.length + 2 > rows ? 3 : 2));
  if (room < 1) return [];
  const isDone = (state: TrialState): boolean => state === 'done';
  const firstOpen = all.findIndex(({ trials }) => !trials.every(isDone));
  // Rows are filled from the first on: of many, those are shown that are being filled.
  const start = Math.min(Math.max(0, firstOpen - Math.floor(room / 2)), all.length - room);
  const shown = all.slice(start, start + room);
  const line = ({ row, means, trials }: FillingTable['rows'][number], count: number, width: number): string[] => [
    cutText(row, width),
    ...means.slice(0, count).map((mean) => mean?.toFixed(3) ?? signOf(trials)),
    trials.length > maxSigns
      ? `${trials.filter(isDone).length} of ${trials.length}`
      : trials.map((state) => signs[state]).join(''),
  ];
  const draw = (count: number, width: number): string[] =>
    inColumns([['row', ...metrics.slice(0, count), 'seeds'], ...shown.map((own) => line(own, count, width))]).map(
      (text) => `  ${text}`,
    );
  const fits = (lines: readonly string[]): boolean => lines.every((text) => cutText(text, columns) === text);
  // Names are cut before columns are left out.
  const widths = [Infinity, 2 * narrowestName, narrowestName];
  const tried = metrics.flatMap((_, left) => widths.map((width) => [metrics.length - left, width] as const));
  const [count, width] = tried.find((one) => fits(draw(...one))) ?? [0, narrowestName];
  const more = shown.length < all.length ? [`  ${shown.length} of ${all.length} rows`] : [];
  return [`  ${title}`, ...draw(count, width), ...more].map((text) => cutText(text, columns));
}

/** Of a cell without a number. */
function signOf(trials: readonly TrialState[]): string {
  const state = (['running', 'waiting', 'failed'] as const).find((one) => trials.includes(one));
  return state === undefined ? '–' : signs[state];
}
