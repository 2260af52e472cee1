// Every file of a package that is made of others: whoever verifies makes them again and compares. The same source and tables
// give the same bytes.
import { experimentYaml } from '@calm-orch/core/config';
import { renderTables, type Table } from '@calm-orch/report';
import { checklist } from './checklist.ts';
import { citation } from './citation.ts';
import { modelCard } from './model-card.ts';
import { jsonText, workflowFile, type PackagedRun, type Source } from './source.ts';

export const tablesFile = 'tables/tables.json';

/** By path, without the crate's metadata and the sums, which are made of all files. */
export function derivedFiles(source: Source, tables: readonly Table[]): Map<string, string> {
  const { run } = source;
  return new Map([
    ['README.md', readme(run)],
    [workflowFile, experimentYaml(run.resolved)],
    [tablesFile, jsonText(tables)],
    ...(['markdown', 'csv', 'latex'] as const).map(
      (format) => [`tables/tables.${extensions[format]}`, `${renderTables(tables, format)}\n`] as const,
    ),
    ['MODEL-CARD.md', modelCard(source, tables)],
    ['CHECKLIST.md', checklist(source, tables)],
    ['CITATION.cff', citation(run)],
  ]);
}

const extensions = { markdown: 'md', csv: 'csv', latex: 'tex' } as const;

function readme({ run, title, program, command, caveat }: PackagedRun): string {
  return `# Results of run ${run}: ${title}

A Workflow Run RO-Crate, written by calm-orch ${program}.

- \`tables/\`: the tables with verdicts and intervals, as JSON, Markdown, CSV and LaTeX.
- \`predictions/\`: what each evaluation stage predicted of each test item, with the references.
- \`run.json\`, \`configuration.yaml\`, \`experiment/\`: trials and seeds, the resolved configuration, the files it came from.
- \`stages.json\`: every stage with what was hashed into its key, its numbers, and the hashes of the files it left.
- \`environment.json\`, \`sbom.cdx.json\`: what the run was computed with, and the software that wrote this package.
- \`MODEL-CARD.md\`, \`CHECKLIST.md\`, \`CITATION.cff\`.
- \`SHA256SUMS\`: \`sha256sum -c SHA256SUMS\`.

\`calm-orch verify PATH\` checks all hashes and keys, measures every number again from the predictions, judges the claims
anew, and says what differs. It needs neither the run folder nor a network.

The run is made again by \`${command}\`.${caveat === null ? '' : ` ${caveat}`}
`;
}
