// The reproducibility checklist of AAAI, as far as a run can answer it: what the paper around it says, its authors know.
import type { ResolvedExperiment } from '@calm-orch/core';
import type { Table } from '@calm-orch/report';
import type { Source } from './source.ts';

interface Answer {
  /** What is asked, in short. */
  readonly asked: string;
  readonly answer: 'yes' | 'partial' | 'no' | 'NA';
  /** Where it can be seen. */
  readonly pointer: string;
}

export function checklist({ run, stages, environment }: Source, tables: readonly Table[]): string {
  const { config, rehearsal } = run.resolved as unknown as ResolvedExperiment;
  const isStudio = config.data.source === 'studio';
  const seeds = new Set(run.trials.map(({ seed }) => seed));
  const verdicts = tables.flatMap((table) => table.verdicts);
  const hasIntervals = tables.some(({ rows }) =>
    rows.some(({ metrics }) => Object.values(metrics).some((cell) => cell.interval)),
  );
  const hasKeys = stages.stages.every(({ ingredients }) => ingredients !== null);
  const sections: readonly (readonly [string, readonly Answer[]])[] = [
    [
      'This paper',
      [
        {
          asked: 'includes a conceptual outline or pseudocode of the methods',
          answer: 'NA',
          pointer: 'the paper; docs/model.md of calm-orch describes what is computed here',
        },
        {
          asked: 'tells opinions, hypotheses and speculation from facts and results',
          answer: 'NA',
          pointer: 'the paper; what is measured here and how it is judged is in tables/, docs/verdicts.md of calm-orch',
        },
        { asked: 'gives background references for less familiar readers', answer: 'NA', pointer: 'the paper' },
      ],
    ],
    [
      'Theoretical contributions',
      [{ asked: 'does the paper make any', answer: 'NA', pointer: 'none are tested here' }],
    ],
    [
      'Datasets',
      [
        {
          asked: 'why these datasets',
          answer: isStudio ? 'partial' : 'NA',
          pointer: isStudio
            ? 'the studio is embedded so that anybody can run it: docs/data.md of calm-orch'
            : 'the paper',
        },
        {
          asked: 'novel datasets are in a data appendix',
          answer: isStudio ? 'yes' : 'NA',
          pointer: isStudio
            ? 'stages `data` of stages.json make them again from the seed; `calm-orch data make` writes them with a Croissant description'
            : 'no dataset is novel',
        },
        {
          asked: 'novel datasets will be public under a licence for research',
          answer: isStudio ? 'yes' : 'NA',
          pointer: isStudio ? 'they are part of calm-orch, Apache-2.0' : 'no dataset is novel',
        },
        {
          asked: 'datasets of the literature are cited',
          answer: isStudio ? 'NA' : 'partial',
          pointer: isStudio ? 'none is used' : 'named in configuration.yaml (data), cited in docs/data.md of calm-orch',
        },
        {
          asked: 'datasets of the literature are public',
          answer: isStudio ? 'NA' : 'partial',
          pointer: isStudio ? 'none is used' : 'docs/data.md of calm-orch says where each is had',
        },
        { asked: 'datasets that are not public are described', answer: 'NA', pointer: 'none is used' },
      ],
    ],
    [
      'Computational experiments',
      [
        {
          asked: 'number and range of values tried per hyperparameter, and the criterion of choice',
          answer: 'partial',
          pointer:
            'docs/foundation.md of calm-orch (chosen on validation photographs); values of this run in configuration.yaml',
        },
        {
          asked: 'code for pre-processing is included',
          answer: 'partial',
          pointer: "in calm-orch, whose hash is in each stage's ingredients (stages.json, `code`); not in this package",
        },
        {
          asked: 'source code for experiments and analysis is included',
          answer: 'partial',
          pointer: `calm-orch ${run.program}; \`${run.command}\` makes the run again`,
        },
        { asked: 'source code will be public under a licence for research', answer: 'yes', pointer: 'Apache-2.0' },
        {
          asked: 'code of new methods has comments with references to the paper',
          answer: 'yes',
          pointer: 'packages/model/src/calm of calm-orch',
        },
        {
          asked: 'how seeds are set, where algorithms depend on randomness',
          answer: 'yes',
          pointer:
            'seeds in run.json (trials); random numbers are counter-based and keyed by seed and purpose, results do not depend on the number of workers',
        },
        {
          asked: 'computing infrastructure: hardware, memory, operating system, versions of libraries',
          answer: 'yes',
          pointer: `environment.json (${environment.workers.length} kinds of workers), sbom.cdx.json`,
        },
        {
          asked: 'metrics are described formally, and why these',
          answer: 'yes',
          pointer:
            'docs/glossary.md and docs/verdicts.md of calm-orch; `calm-orch verify` computes them from predictions/',
        },
        {
          asked: 'number of runs behind each result',
          answer: 'yes',
          pointer: `column n of tables/; ${seeds.size} ${seeds.size === 1 ? 'seed' : 'seeds'}`,
        },
        {
          asked: 'variation, confidence or distributions beyond single numbers',
          answer: hasIntervals ? (seeds.size > 1 ? 'yes' : 'partial') : 'no',
          pointer: hasIntervals
            ? 'standard deviation over seeds and 95 % intervals over test items in tables/tables.json'
            : 'no intervals could be computed',
        },
        {
          asked: 'significance by appropriate statistical tests',
          answer: verdicts.length === 0 ? 'no' : seeds.size > 1 ? 'yes' : 'partial',
          pointer:
            verdicts.length === 0
              ? 'no claims are judged'
              : `${verdicts.length} ${verdicts.length === 1 ? 'claim' : 'claims'} in tables/tables.json (verdicts): t intervals over seeds and test items, Holm's correction`,
        },
        {
          asked: 'all final hyperparameters are listed',
          answer: 'yes',
          pointer: `configuration.yaml; what each stage read of it in stages.json${hasKeys ? ', hashed into its key' : ''}`,
        },
      ],
    ],
  ];
  const rows = sections.flatMap(([title, answers]) => [
    '',
    `## ${title}`,
    '',
    '| asked | answer | where |',
    '| :-- | :-- | :-- |',
    ...answers.map(({ asked, answer, pointer }) => `| ${asked} | ${answer} | ${pointer} |`),
  ]);
  return [
    `# Reproducibility checklist of run ${run.run}`,
    '',
    'The questions of the AAAI reproducibility checklist in short, answered for this run. NA: only the text of a paper can answer.',
    ...(rehearsal ? ['', '**A rehearsal: its numbers mean nothing.**'] : []),
    ...rows,
    '',
  ].join('\n');
}
