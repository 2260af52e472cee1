// A table as cells of text, the same for every printed format; formats only draw the lines.
import type { Cell, Cells, Table } from '../table.ts';
import { signed, verdictLine, verdictNote, type VerdictLine } from './verdict-lines.ts';

export type { VerdictLine };

/** One metric: its columns are `ours` and, where the paper has a value in any row, `paper` and `diff`. */
export interface ColumnGroup {
  readonly metric: string;
  readonly heads: readonly string[];
}

/** Its name, one text per column of all groups, and n. */
export type Line = readonly string[];

export interface Layout {
  readonly caption: string;
  readonly groups: readonly ColumnGroup[];
  readonly rows: readonly Line[];
  readonly baselines: readonly Line[];
  /** The paper's, then our own; where there are any. */
  readonly claims: readonly { readonly isOwn: boolean; readonly verdicts: readonly VerdictLine[] }[];
  readonly notes: readonly string[];
}

const none = '–';
/** More columns of intervals are too wide to read. */
const maxIntervalColumns = 2;

export function layOut(table: Table): Layout {
  const { rows, baselines, numTrials, numFinished, rehearsal, data, verdicts } = table;
  const inPaper = (metric: string) => rows.some(({ metrics }) => typeof metrics[metric]?.paper === 'number');
  const hasDifference = !rehearsal && data !== 'studio';
  const groups = table.metrics.map((metric) => ({
    metric,
    heads: inPaper(metric) ? ['ours', 'paper', ...(hasDifference ? ['diff'] : [])] : ['ours'],
  }));
  const cells = [...rows, ...baselines].flatMap(({ metrics }) => Object.values(metrics));
  const intervals = groups.length <= maxIntervalColumns && cells.some(({ interval }) => interval);
  const warning = rehearsal ? 'Rehearsal: these numbers mean nothing. ' : '';
  const notes = [
    oursNote(cells),
    ...(intervals ? ['in brackets its 95 % interval over draws of test items'] : []),
    ...(groups.some(({ heads }) => heads.includes('diff')) ? ['diff: ours - paper'] : []),
  ];
  return {
    caption: `${warning}${table.title}${data === 'studio' ? ', studio data' : ''} (${table.table}, run ${table.runId})`,
    groups,
    rows: rows.map(({ row, metrics }) => line(row, metrics, groups, none, intervals)),
    baselines: baselines.map(({ name, metrics }) => line(name, metrics, groups, '', intervals)),
    claims: [false, true].flatMap((isOwn) => {
      const lines = verdicts.filter(({ own = false }) => own === isOwn).map(verdictLine);
      return lines.length === 0 ? [] : [{ isOwn, verdicts: lines }];
    }),
    notes: [
      `${notes.join('; ')}.`,
      ...verdictNote(verdicts),
      ...(numFinished < numTrials ? [`${numTrials - numFinished} of ${numTrials} trials have no result (yet).`] : []),
      ...table.footnotes,
    ],
  };
}

/** What stands in the columns `ours`. */
function oursNote(cells: readonly Cell[]): string {
  const several = cells.some(({ n }) => n > 2) ? ['mean ± sample standard deviation over n seeds'] : [];
  const two = cells.some(({ n }) => n === 2) ? ['both values of two seeds'] : [];
  const words = [...several, ...two];
  return `ours: ${words.length > 0 ? words.join(', ') : 'one seed, so no deviation'}`;
}

/** `missing` stands where there is no number: a row lacks one, a baseline is not supposed to have one. */
function line(name: string, own: Cells, groups: readonly ColumnGroup[], missing: string, intervals: boolean): Line {
  const n = Math.max(0, ...Object.values(own).map((cell) => cell.n));
  const cells = groups.flatMap(({ metric, heads }) => texts(own[metric], n, missing, intervals).slice(0, heads.length));
  return [name, ...cells, String(n)];
}

function texts(
  cell: Cell | undefined,
  n: number,
  missing: string,
  intervals: boolean,
): [ours: string, paper: string, difference: string] {
  if (!cell) return [missing, missing, missing];
  const { mean, paper, difference, interval } = cell;
  const fewer = cell.n === n ? '' : ` (n ${cell.n})`;
  const between = intervals && interval ? ` [${interval.map((end) => end.toFixed(3)).join(', ')}]` : '';
  const ours = mean === null ? none : `${valueText(cell, mean)}${between}${fewer}`;
  return [ours, paper === null ? missing : paper.toFixed(3), difference === null ? missing : signed(difference)];
}

/** Of two values a deviation tells less than they do. */
function valueText({ std, values }: Cell, mean: number): string {
  if (values.length === 2) return values.map((value) => value.toFixed(3)).join(', ');
  return `${mean.toFixed(3)}${std === null ? '' : ` ± ${std.toFixed(3)}`}`;
}
