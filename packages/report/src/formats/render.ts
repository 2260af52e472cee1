// Tables in the formats people paste: text for terminals, Markdown, LaTeX (latex.ts), CSV (long form) and JSON.
import stringWidth from 'fast-string-width';
import { assertNever } from '@calm-orch/core';
import type { Cells, Table, VerdictWord } from '../table.ts';
import { columnGap, columns, columnWidths, inColumns } from './columns.ts';
import { latexNeeds, renderLatex } from './latex.ts';
import { layOut, type Layout, type Line } from './layout.ts';

export const tableFormats = ['text', 'markdown', 'latex', 'csv', 'json'] as const;
export type TableFormat = (typeof tableFormats)[number];

/** One text, without a newline at its end. @param color Terminal colours in the text format. */
export function renderTables(tables: readonly Table[], format: TableFormat, color = false): string {
  switch (format) {
    case 'text':
      return tables.map((table) => renderText(layOut(table), color)).join('\n\n');
    case 'markdown':
      return tables.map((table) => renderMarkdown(layOut(table))).join('\n\n');
    case 'latex':
      return [latexNeeds, ...tables.map((table) => renderLatex(layOut(table), table.table))].join('\n\n');
    case 'csv':
      return renderCsv(tables);
    case 'json':
      return JSON.stringify(tablesJson(tables), null, 2);
    default:
      return assertNever(format);
  }
}

/** Green, red, yellow; dim. */
const verdictColors: Readonly<Record<VerdictWord, number>> = {
  reproduced: 32,
  'reproduced, smaller than in the paper': 32,
  contradicted: 31,
  holds: 32,
  'does not hold': 31,
  undecided: 33,
  'not judged': 2,
};

function renderText({ caption, groups, rows, baselines, claims, notes }: Layout, color: boolean): string {
  const paint = (code: number, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const heads = ['row', ...groups.flatMap((group) => group.heads), 'n'];
  const widths = columnWidths([heads, ...rows, ...baselines]);
  const span = (own: readonly number[]) => own.reduce((sum, width) => sum + width + columnGap, -columnGap);
  let column = 1;
  const spans = groups.map(({ metric, heads: own }) => {
    const first = column;
    column += own.length;
    widths[first]! += Math.max(0, stringWidth(metric) - span(widths.slice(first, column)));
    return span(widths.slice(first, column));
  });
  const top = inColumns(['', ...groups.map(({ metric }) => metric)], [widths[0]!, ...spans]);
  const draw = (line: Line) => inColumns(line, widths);
  const rule = paint(2, '-'.repeat(span(widths)));
  const judged = claims.flatMap(({ isOwn, verdicts }) => {
    const lines = verdicts.flatMap(({ verdict, claim, evidence, comparisons }) => [
      [paint(verdictColors[verdict], verdict), `${claim} (${evidence})`],
      ...comparisons.map((one) => ['', `  than ${one.than}: ${one.verdict} (${one.evidence})`]),
    ]);
    return [rule, paint(2, isOwn ? 'our claims' : "the paper's claims"), ...columns(lines)];
  });
  return [
    paint(1, caption),
    '',
    paint(1, top),
    paint(2, inColumns(heads, widths)),
    rule,
    ...rows.map(draw),
    ...(baselines.length > 0 ? [rule, paint(2, 'baselines'), ...baselines.map(draw)] : []),
    ...judged,
    '',
    ...notes.map((note) => paint(2, note)),
  ].join('\n');
}

function renderMarkdown({ caption, groups, rows, baselines, claims, notes }: Layout): string {
  const draw = (cells: readonly string[]) => `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  const heads = groups.flatMap(({ metric, heads: own }) => own.map((head) => (head === 'ours' ? metric : head)));
  const rule = draw([':--', ...heads.map(() => '--:'), '--:']);
  const block = (name: string, lines: readonly Line[]) => [draw([name, ...heads, 'n']), rule, ...lines.map(draw), ''];
  return [
    `**${caption}**`,
    '',
    ...block('row', rows),
    ...(baselines.length > 0 ? block('baseline', baselines) : []),
    ...claims.flatMap(({ isOwn, verdicts }) => [
      draw([isOwn ? 'our claim' : 'claim of the paper', 'verdict', 'evidence']),
      draw([':--', ':--', ':--']),
      ...verdicts.flatMap(({ claim, verdict, evidence, comparisons }) => [
        draw([claim, verdict, evidence]),
        ...comparisons.map((one) => draw([`… than ${one.than}`, one.verdict, one.evidence])),
      ]),
      '',
    ]),
    ...notes.map((note) => `- ${note}`),
  ].join('\n');
}

/** One line per number, at full precision. */
function renderCsv(tables: readonly Table[]): string {
  const quote = (value: string | number | null) => {
    const text = value === null ? '' : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = tables.flatMap(({ experiment, table, rows, baselines }) => {
    const draw = (kind: string, name: string, own: Cells) =>
      Object.entries(own).map(([metric, { mean, std, n, paper, difference, interval = [null, null] }]) =>
        [experiment, table, kind, name, metric, mean, std, n, paper, difference, ...interval].map(quote).join(','),
      );
    return [
      ...rows.flatMap(({ row, metrics, imported }) => draw(imported ? 'imported' : 'row', row, metrics)),
      ...baselines.flatMap(({ name, metrics }) => draw('baseline', name, metrics)),
    ];
  });
  return ['experiment,table,kind,name,metric,mean,std,n,paper,difference,low,high', ...lines].join('\n');
}

/** What `--format json` prints. */
export function tablesJson(tables: readonly Table[]): unknown[] {
  return tables.map(({ version, experiment, table, rows, baselines, footnotes, verdicts, rehearsal, data }) => {
    const shown = { version, experiment, table, ...(data && { data }), rows, baselines, footnotes };
    if (!rehearsal) return { ...shown, verdicts };
    return { ...shown, rehearsal, rows: rows.map(withoutDifference), baselines: baselines.map(withoutDifference) };
  });
}

/** A line whose cells have no place for a difference from the paper. */
function withoutDifference<T extends { readonly metrics: Cells }>(line: T) {
  const cells = Object.entries(line.metrics).map(([metric, { difference: _, ...cell }]) => [metric, cell] as const);
  return { ...line, metrics: Object.fromEntries(cells) };
}
