// A table as cells of text, the same for every printed format; formats only draw the lines.
import type { Cell, Cells, Table, Verdict } from '../table.ts';

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
  readonly verdicts: readonly VerdictLine[];
  /** Whether the claims are the paper's: a table without a number of the paper has its own. */
  readonly hasPaper: boolean;
  readonly notes: readonly string[];
}

export interface VerdictLine {
  readonly verdict: Verdict['verdict'];
  readonly claim: string;
  /** The metric with the advantage and its interval, or why there is none. */
  readonly evidence: string;
}

const none = '–';
const maxIntervalColumns = 2;

export function layOut(table: Table): Layout {
  const { rows, baselines, numTrials, numFinished } = table;
  const inPaper = (metric: string) => rows.some(({ metrics }) => typeof metrics[metric]?.paper === 'number');
  const groups = table.metrics.map((metric) => ({
    metric,
    heads: inPaper(metric) ? ['ours', 'paper', ...(table.rehearsal ? [] : ['diff'])] : ['ours'],
  }));
  const several = rows.some(({ metrics }) => Object.values(metrics).some(({ n }) => n > 1));
  // With several seeds the deviation stands there; more than two columns of intervals are too wide to read.
  const isOpen = !several && groups.length <= maxIntervalColumns;
  const intervals = isOpen && rows.some(({ metrics }) => Object.values(metrics).some(({ interval }) => interval));
  const ours = several
    ? 'mean ± sample standard deviation over n seeds'
    : `one seed, so no deviation${intervals ? '; in brackets the 95 % interval over draws of test items' : ''}`;
  return {
    caption: `${table.rehearsal ? 'Rehearsal: these numbers mean nothing. ' : ''}${table.title} (${table.table}, run ${table.runId})`,
    groups,
    rows: rows.map(({ row, metrics }) => line(row, metrics, groups, none, intervals)),
    baselines: baselines.map(({ name, metrics }) => line(name, metrics, groups, '')),
    hasPaper: table.metrics.some(inPaper),
    verdicts: table.verdicts.map((verdict) => ({ ...verdict, evidence: evidence(verdict) })),
    notes: [
      `ours: ${ours}${groups.some(({ heads }) => heads.includes('diff')) ? '; diff: ours - paper' : ''}.`,
      ...(numFinished < numTrials ? [`${numTrials - numFinished} of ${numTrials} trials have no result (yet).`] : []),
      ...table.footnotes,
    ],
  };
}

function evidence({ metric, difference, interval, reason }: Verdict): string {
  if (difference === null || interval === null) return reason ?? 'not judged';
  return `${metric} ${signed(difference)}, 95 % interval ${interval.map(signed).join(' to ')}`;
}

/** `missing` stands where there is no number: a row lacks one, a baseline is not supposed to have one. */
function line(name: string, own: Cells, groups: readonly ColumnGroup[], missing: string, intervals = false): Line {
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
  const { mean, std, paper, difference, interval } = cell;
  const spread = std === null ? '' : ` ± ${std.toFixed(3)}`;
  const fewer = cell.n === n ? '' : ` (n ${cell.n})`;
  const between = intervals && interval ? ` [${interval.map((end) => end.toFixed(3)).join(', ')}]` : '';
  const ours = mean === null ? none : `${mean.toFixed(3)}${spread}${between}${fewer}`;
  return [ours, paper === null ? missing : paper.toFixed(3), difference === null ? missing : signed(difference)];
}

/** -0.000 is written +0.000: a difference that rounds to none has no sign to report. */
function signed(difference: number): string {
  const text = difference.toFixed(3);
  return difference >= 0 || Number(text) === 0 ? `+${text.replace('-', '')}` : text;
}
