// Claims of an ablation file against its own rows and metrics.
import type { AblationFile, Claim } from '../ablation.ts';
import { claimBaselines, isClaimBaseline, type TableMetric } from '../names.ts';
import { suggestion } from '../suggest.ts';
import type { Problem, YamlFile } from './yaml-position.ts';

/** Claims about rows or metrics the table does not have, without a margin, or against the paper's own numbers. */
export function claimProblems({ value, at }: YamlFile): Problem[] {
  const { rows, published = [], metrics, claims = [] } = value as AblationFile;
  const own = rows.map(({ row }) => row);
  const models = published.map(({ row }) => row);
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
    const unprinted = than.findIndex((name) => models.includes(name) && paperOf(name, claim) === undefined);
    return [
      ...unknown(row, own, 'row'),
      ...than.flatMap((name, i) => {
        if (!isClaimBaseline(name)) return unknown(name, [...own, ...models, ...baselinesOf(metric)], 'than', i);
        if (baselinesOf(metric).includes(name)) return [];
        const known = claimBaselines[name].metrics.join(' or ');
        return [problem(`a row is compared with \`${name}\` by ${known}, not by ${metric}`, 'than', i)];
      }),
      ...(unprinted >= 0 ? [problem(`\`${than[unprinted]!}\` has no ${metric} in the paper`, 'than', unprinted)] : []),
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

/** Those that a row can be compared with by this metric. */
function baselinesOf(metric: TableMetric): string[] {
  return Object.entries(claimBaselines).flatMap(([name, { metrics }]) =>
    (metrics as readonly TableMetric[]).includes(metric) ? [name] : [],
  );
}

/** Whether all its rows are run; published models and baselines are no rows. */
export function isAbout({ row, than }: Claim, rows: readonly string[], published: readonly string[]): boolean {
  return [row, ...than].every((name) => rows.includes(name) || published.includes(name) || isClaimBaseline(name));
}
