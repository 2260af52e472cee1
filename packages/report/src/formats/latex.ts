// A table in LaTeX with the rules of booktabs. Whatever stands in a name or note is printed, never obeyed.
import type { Layout, VerdictLine } from './layout.ts';

/** Stands once above the tables. */
export const latexNeeds = '% needs \\usepackage{booktabs}';

/** `[` or `*` at the beginning of a row would belong to the `\\\\` before it. */
const rowStart = (text: string): string => text.replace(/^[[*]/, '{$&}');

const latexSigns: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '±': '$\\pm$',
  '–': '--',
  '…': '\\dots{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '×': '$\\times$',
};

function latex(text: string): string {
  if (/^[+-]\d/.test(text)) return `$${text}$`;
  return text.replace(/[\\~^±–…<>|×&%#_${}]/g, (sign) => latexSigns[sign] ?? `\\${sign}`);
}

export function renderLatex({ caption, groups, rows, baselines, claims, notes }: Layout, label: string): string {
  const draw = (cells: readonly string[]) => `    ${rowStart(cells.map(latex).join(' & '))} \\\\`;
  const spans = groups.map(({ metric, heads }) => `\\multicolumn{${heads.length}}{c}{${latex(metric)}}`);
  let column = 1;
  const rules = groups.map(({ heads }) => `\\cmidrule(lr){${column + 1}-${(column += heads.length)}}`);
  const heads = groups.flatMap((group) => group.heads);
  return [
    '\\begin{table}',
    '  \\centering',
    `  \\caption{${latex(caption)}}`,
    `  \\label{tab:${label.replace(/[^\w:.-]/g, '-')}}`,
    `  \\begin{tabular}{l${'r'.repeat(heads.length)}r}`,
    '    \\toprule',
    `    & ${spans.join(' & ')} & \\\\`,
    `    ${rules.join(' ')}`,
    draw(['', ...heads, 'n']),
    '    \\midrule',
    ...rows.map(draw),
    ...(baselines.length > 0 ? ['    \\midrule', ...baselines.map(draw)] : []),
    '    \\bottomrule',
    '  \\end{tabular}',
    ...[...claims.flatMap(({ verdicts }) => verdicts.map(sentence)), ...notes].map(
      (note) => `  \\par\\footnotesize ${latex(note)}`,
    ),
    '\\end{table}',
  ].join('\n');
}

function sentence({ verdict, claim, evidence, comparisons }: VerdictLine): string {
  const each = comparisons.map((one) => `than ${one.than}: ${one.verdict} (${one.evidence})`);
  return `${[`${verdict}: ${claim} (${evidence})`, ...each].join('; ')}.`;
}
