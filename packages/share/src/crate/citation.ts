// CITATION.cff (Citation File Format 1.2) of a package, with the paper it reproduces as a reference.
import type { PackagedRun } from './source.ts';

export function citation({ run, title, authors, license, packaged, program }: PackagedRun): string {
  const text = (value: string): string => JSON.stringify(value);
  return [
    'cff-version: 1.2.0',
    'message: If you use these results, please cite them and the paper they reproduce.',
    'type: dataset',
    `title: ${text(`Results of run ${run}: ${title}`)}`,
    'authors:',
    ...authors.map((name) => `  - name: ${text(name)}`),
    `date-released: ${packaged.slice(0, 10)}`,
    `license: ${text(license)}`,
    'references:',
    '  - type: software',
    '    title: calm-orch',
    `    version: ${text(program)}`,
    '    authors:',
    '      - name: The authors of calm-orch',
    '  - type: conference-paper',
    '    title: Advancing Comprehensive Aesthetic Insight with Multi-Scale Text-Guided Self-Supervised Learning',
    '    year: 2025',
    '    authors:',
    '      - name: The authors of CALM',
    '    conference:',
    '      name: AAAI Conference on Artificial Intelligence',
    '',
  ].join('\n');
}
