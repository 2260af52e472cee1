// Claims of an ablation file against its own rows and metrics.
import type { AblationFile, Claim } from '../ablation.ts';
import { suggestion } from '../suggest.ts';
import type { Problem, YamlFile } from './yaml-position.ts';

/** Claims about rows or metrics the table does not have. */
export function claimProblems({ value, at }: YamlFile): Problem[] {
  const { rows, metrics, claims = [] } = value as AblationFile;
  const names = rows.map(({ row }) => row);
  return claims.flatMap(({ row, than, metric }, index) => {
    const named = [[row, ['row']] as const, ...than.map((name, i) => [name, ['than', i]] as const)];
    const unknown = named.filter(([name]) => !names.includes(name));
    return [
      ...unknown.map(([name, path]) => ({
        at: at(['claims', index, ...path]),
        message: `a claim about a row this table does not have: \`${name}\`${suggestion(name, names)}`,
      })),
      ...(metrics.includes(metric)
        ? []
        : [{ at: at(['claims', index, 'metric']), message: `this table has no column ${metric}` }]),
    ];
  });
}

/** Whether all rows of the claim are run. */
export function isAbout({ row, than }: Claim, rows: readonly string[]): boolean {
  return [row, ...than].every((name) => rows.includes(name));
}
