// Claims of an ablation file against its own rows and metrics.
import type { AblationFile, Claim } from '../ablation.ts';
import { suggestion } from '../suggest.ts';
import type { Problem, YamlFile } from './yaml-position.ts';

/** Claims about rows or metrics the table does not have, without a margin, or against the paper's own numbers. */
export function claimProblems({ value, at }: YamlFile): Problem[] {
  const { rows, published = [], metrics, claims = [] } = value as AblationFile;
  const own = rows.map(({ row }) => row);
  const all = [...own, ...published.map(({ row }) => row)];
  const paperOf = (name: string, { metric }: Claim) =>
    [...rows, ...published].find(({ row }) => row === name)?.paper?.[metric];
  return claims.flatMap((claim, index) => {
    const { row, than, metric, is, margin = 0, effect } = claim;
    const problem = (message: string, ...path: (string | number)[]): Problem => ({
      at: at(['claims', index, ...path]),
      message,
    });
    const unknown = (name: string, names: readonly string[], ...path: (string | number)[]): Problem[] =>
      names.includes(name)
        ? []
        : [problem(`a claim about a row this table does not have: \`${name}\`${suggestion(name, names)}`, ...path)];
    const effects = than.map((name) => {
      const [ours, theirs] = [paperOf(row, claim), paperOf(name, claim)];
      return ours !== undefined && theirs !== undefined ? ours - theirs : effect;
    });
    const reversed = is === 'better' ? effects.findIndex((one) => one !== undefined && one <= 0) : -1;
    const unprinted = than.findIndex((name) => !own.includes(name) && paperOf(name, claim) === undefined);
    return [
      ...unknown(row, own, 'row'),
      ...than.flatMap((name, i) => unknown(name, all, 'than', i)),
      ...(unprinted >= 0 && all.includes(than[unprinted]!)
        ? [problem(`\`${than[unprinted]!}\` has no ${metric} in the paper`, 'than', unprinted)]
        : []),
      ...(metrics.includes(metric) ? [] : [problem(`this table has no column ${metric}`, 'metric')]),
      ...(is !== 'better' && margin === 0
        ? [problem(`a claim that a row is \`${is}\` needs a \`margin\` above 0, in units of ${metric}`, 'is')]
        : []),
      ...(reversed >= 0
        ? [problem(`the paper has \`${row}\` not better here, by ${effects[reversed]!.toFixed(3)}`, 'than', reversed)]
        : []),
    ];
  });
}

/** Whether all its rows are run; published models are not. */
export function isAbout({ row, than }: Claim, rows: readonly string[], published: readonly string[]): boolean {
  return [row, ...than].every((name) => rows.includes(name) || published.includes(name));
}
