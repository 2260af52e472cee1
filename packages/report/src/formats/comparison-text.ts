// A comparison of two runs as lines of text.
import type { Json } from '@calm-orch/core';
import type { ComparedCell, ComparedChart, ComparedMetric, ComparedRun, RunComparison } from '../compare/comparison.ts';
import { columns } from './columns.ts';
import { signed } from './verdict-lines.ts';

const none = '–';
/** A value that is longer is cut: `--json` has it whole. */
const maxValue = 40;

export function comparisonText(comparison: RunComparison): string {
  const { a, b, configuration, metrics, curves } = comparison;
  return [
    ...columns([runLine('A', a), runLine('B', b)]),
    ...part(
      'Configuration',
      ['', 'A', 'B'],
      configuration.map(({ what, a: one, b: other }) => [what, valueText(one), valueText(other)]),
      'no difference',
    ),
    ...part(
      'Metrics',
      ['row', '', 'A', 'B', 'B - A'],
      metrics.map((line) => [line.row, line.metric, cellText(line.a), cellText(line.b), pairedText(line)]),
      'neither run has a table',
    ),
    ...notes(comparison),
    ...part('Curves, at their last step', ['', 'row', 'A', 'B'], curves.flatMap(curveLines), 'none is recorded'),
  ].join('\n');
}

function part(title: string, heads: readonly string[], lines: readonly (readonly string[])[], empty: string): string[] {
  return ['', title, ...(lines.length === 0 ? [`  ${empty}`] : columns([heads, ...lines]).map((line) => `  ${line}`))];
}

const runLine = (name: string, { run, experiment, title, status, rehearsal }: ComparedRun): string[] => [
  name,
  run,
  `${experiment}: ${title}`,
  rehearsal ? `${status}, a rehearsal: its numbers mean nothing` : status,
];

/** A value of the configuration. */
export function valueText(value: Json): string {
  if (value === null) return none;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > maxValue ? `${text.slice(0, maxValue - 1)}…` : text;
}

/** Mean ± deviation over seeds, both values of two, and the interval over test items. */
export function cellText(cell: ComparedCell | null): string {
  if (cell?.mean === null || cell?.mean === undefined) return none;
  const { mean, std, n, values, interval } = cell;
  const own = n === 2 ? values.map((value) => value.toFixed(3)).join(', ') : mean.toFixed(3);
  const deviation = n > 2 && std !== null ? ` ± ${std.toFixed(3)}` : '';
  return `${own}${deviation}${interval ? ` [${interval.map((end) => end.toFixed(3)).join(', ')}]` : ''}`;
}

/** The difference with its interval, p and what it is of; or why there is none. */
export function pairedText({ paired, reason }: Pick<ComparedMetric, 'paired' | 'reason'>): string {
  if (paired === null) return `not paired: ${reason}`;
  const { difference, interval, p, seeds, numItems } = paired;
  const test = p === null ? '' : `, p ${p < 0.001 ? '< 0.001' : p.toFixed(3)}`;
  const of = `${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'}, ${numItems} items`;
  return `${signed(difference)} [${interval.map(signed).join(', ')}]${test} (${of})${reason === null ? '' : `; ${reason}`}`;
}

/** What the numbers are. */
export function comparisonNotes({ metrics }: Pick<RunComparison, 'metrics'>): string[] {
  const tested = metrics.filter(({ paired }) => paired !== null && paired.p !== null).length;
  if (metrics.every(({ paired }) => paired === null)) return [];
  const correction = tested > 1 ? `; p: corrected for none of the ${tested} tests` : '';
  return [
    'A, B: mean ± sample standard deviation over seeds, both values of two; [95 % interval over draws of test items].',
    `B - A: paired by seed and test item, [95 % t interval over both]${correction}.`,
  ];
}

const notes = (comparison: RunComparison): string[] => {
  const lines = comparisonNotes(comparison);
  return lines.length === 0 ? [] : ['', ...lines];
};

function curveLines({ stage, metric, rows }: ComparedChart): string[][] {
  return [...new Set(rows.map(({ row }) => row))].map((row) => [
    `${metric} of ${stage}`,
    row,
    ...(['a', 'b'] as const).map((side) => {
      const [step, mean, least, greatest] =
        rows.find((one) => one.run === side && one.row === row)?.points.at(-1) ?? [];
      if (step === undefined) return none;
      const between = least === greatest ? '' : ` [${curveNumber(least!)}, ${curveNumber(greatest!)}]`;
      return `${curveNumber(mean!)}${between} at ${step}`;
    }),
  ]);
}

const curveNumber = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(2) : value.toPrecision(4);
