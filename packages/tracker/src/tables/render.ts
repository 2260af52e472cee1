// Tables in the formats people paste: text for terminals, Markdown, LaTeX (latex.ts), CSV (long form) and JSON.
import { assertNever } from '@calm-orch/core';
import type { Cells, Table } from './collect.ts';
import { latexNeeds, renderLatex } from './latex.ts';
import { padText, textWidth } from './text-width.ts';
import { cellsOf, layOut, type Layout, type Line } from './layout.ts';

export const tableFormats = ['text', 'markdown', 'latex', 'csv', 'json'] as const;
export type TableFormat = (typeof tableFormats)[number];

export interface RenderOptions {
  /** Terminal colours in the text format. @default false */
  readonly color?: boolean;
}

/** One text, without a newline at its end. */
export function renderTables(
  tables: readonly Table[],
  format: TableFormat,
  { color = false }: RenderOptions = {},
): string {
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
      return renderJson(tables);
    default:
      return assertNever(format);
  }
}

/** Green, red, yellow. */
const verdictColors: Readonly<Record<string, number>> = { reproduced: 32, 'not reproduced': 31, inconclusive: 33 };

function renderText({ caption, groups, rows, baselines, verdicts, notes }: Layout, color: boolean): string {
  const paint = (code: number, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const heads = ['row', ...groups.flatMap((group) => group.heads), 'n'];
  const body = [...rows, ...baselines].map(cellsOf);
  const widths = heads.map((head, column) =>
    Math.max(textWidth(head), ...body.map((cells) => textWidth(cells[column]!))),
  );
  const gap = 2;
  let column = 1;
  const spans = groups.map(({ metric, heads: own }) => {
    const first = column;
    column += own.length;
    const span = () => widths.slice(first, first + own.length).reduce((sum, width) => sum + width + gap, -gap);
    widths[first]! += Math.max(0, textWidth(metric) - span());
    return padText(metric, span());
  });
  const draw = (cells: readonly string[]) =>
    cells
      .map((text, index) => padText(text, widths[index]!))
      .join(' '.repeat(gap))
      .trimEnd();
  const top = [''.padEnd(widths[0]!), ...spans].join(' '.repeat(gap)).trimEnd();
  const rule = paint(2, '-'.repeat(widths.reduce((sum, width) => sum + width + gap, -gap)));
  const apart =
    baselines.length > 0 ? [rule, paint(2, 'baselines'), ...baselines.map((row) => draw(cellsOf(row)))] : [];
  const width = Math.max(...verdicts.map(({ verdict }) => verdict.length));
  const claims = verdicts.map(
    ({ verdict, claim, evidence }) =>
      `${paint(verdictColors[verdict] ?? 0, verdict.padEnd(width))}${' '.repeat(gap)}${claim} (${evidence})`,
  );
  return [
    ...[paint(1, caption), '', paint(1, top), paint(2, draw(heads)), rule],
    ...rows.map((row) => draw(cellsOf(row))),
    ...apart,
    ...(claims.length > 0 ? [rule, paint(2, "the paper's claims"), ...claims] : []),
    ...['', ...notes.map((note) => paint(2, note))],
  ].join('\n');
}

function renderMarkdown({ caption, groups, rows, baselines, verdicts, notes }: Layout): string {
  const draw = (cells: readonly string[]) => `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  const heads = groups.flatMap(({ metric, heads: own }) => own.map((head) => (head === 'ours' ? metric : head)));
  const rule = draw([':--', ...heads.map(() => '--:'), '--:']);
  const block = (name: string, lines: readonly Line[]) => [
    draw([name, ...heads, 'n']),
    rule,
    ...lines.map((row) => draw(cellsOf(row))),
    '',
  ];
  return [
    ...[`**${caption}**`, '', ...block('row', rows)],
    ...(baselines.length > 0 ? block('baseline', baselines) : []),
    ...(verdicts.length > 0
      ? [
          draw(['claim of the paper', 'verdict', 'evidence']),
          draw([':--', ':--', ':--']),
          ...verdicts.map(({ claim, verdict, evidence }) => draw([claim, verdict, evidence])),
          '',
        ]
      : []),
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

function renderJson(tables: readonly Table[]): string {
  const shown = tables.map(({ experiment, table, rows, baselines, verdicts, footnotes }) => ({
    ...{ experiment, table, rows, baselines, footnotes },
    verdicts: (verdicts ?? []).map(({ claim, verdict, interval, ...rest }) => ({ claim, verdict, interval, ...rest })),
  }));
  return JSON.stringify(shown, null, 2);
}
