// One dataset's report for people.
import type { DatasetReport } from '@calm-orch/datasets';
import { columns } from '@calm-orch/report';

/** Files named one by one; the rest is counted. */
const maxNamed = 5;

export function reportText({
  dataset,
  root,
  reason,
  status,
  counts,
  published,
  warnings,
  undecodable,
}: DatasetReport): string {
  const head = `${dataset}  ${root}`;
  if (status !== 'ok') return `${head}\n  ${status}: ${reason}`;
  const rows = Object.entries(counts).map(([name, count]) => {
    const known = published[name];
    return [`  ${name}`, String(count), known === undefined ? '' : String(known), known === count ? '=' : ''];
  });
  const table = columns([['', 'found', 'published', ''], ...rows]);
  const named = undecodable.slice(0, maxNamed).map(({ path, reason: why }) => `  cannot decode ${path}: ${why}`);
  const more = undecodable.length > maxNamed ? [`  … and ${undecodable.length - maxNamed} more`] : [];
  return [head, ...table, ...warnings.map((text) => `  note: ${text}`), ...named, ...more].join('\n');
}
