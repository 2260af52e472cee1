// ro-crate-metadata.json: the package as a Workflow Run RO-Crate (Workflow Run Crate 0.5 on RO-Crate 1.1). The resolved
// configuration is the workflow, the run its execution.
import { extname } from 'node:path';
import { sha256 } from '@calm-orch/core';
import { jsonText, metadataFile, sourceFiles, workflowFile, type PackagedRun } from './source.ts';

const profiles = [
  ['https://w3id.org/ro/wfrun/process/0.5', 'Process Run Crate', '0.5'],
  ['https://w3id.org/ro/wfrun/workflow/0.5', 'Workflow Run Crate', '0.5'],
  ['https://w3id.org/workflowhub/workflow-ro-crate/1.0', 'Workflow RO-Crate', '1.0'],
] as const;

const mediaTypes: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.yaml': 'application/yaml',
  '.yml': 'application/yaml',
  '.md': 'text/markdown',
  '.csv': 'text/csv',
  '.tex': 'application/x-tex',
  '.cff': 'application/yaml',
};

/** What a file is, by where it lies. */
const descriptions: readonly (readonly [RegExp, string])[] = [
  [/^run\.json$/, 'The run: trials, seeds, times, configuration'],
  [/^stages\.json$/, 'Every stage: key and what was hashed into it, numbers, hashes of the files it left'],
  [/^environment\.json$/, 'What the run was computed with'],
  [/^sbom\.cdx\.json$/, 'Software bill of materials (CycloneDX)'],
  [/^tables\//, "The run's tables with verdicts"],
  [/^predictions\//, 'What an evaluation stage predicted of each test item, with the references'],
  [/^experiment\//, 'The experiment file, or one that it names'],
  [/^MODEL-CARD/, 'Model card'],
  [/^CHECKLIST/, 'Answers of the AAAI reproducibility checklist'],
  [/^README/, 'What is in this package, and how to verify it'],
  [/^CITATION/, 'How to cite it'],
];

/** The profiles know no fractions of seconds. */
const seconds = (time: string): string => time.replace(/\.\d+Z$/, '+00:00');

/** @param files All others of the package. */
export function crateMetadata(run: PackagedRun, files: ReadonlyMap<string, Uint8Array>): string {
  const ref = (id: string) => ({ '@id': id });
  const one = <T>(list: readonly T[]): T | readonly T[] => (list.length === 1 ? list[0]! : list);
  const paths = [...files.keys()].sort();
  const isResult = (path: string): boolean => /^(tables|predictions)\//.test(path);
  const authors = run.authors.map((name, i) => ({ '@id': `#author-${i + 1}`, '@type': 'Person', name }));
  const license = `https://spdx.org/licenses/${run.license}`;
  const parameter = (id: string, name: string, description: string) => ({
    ...{ '@id': id, '@type': 'FormalParameter', name, description },
    additionalType: 'File',
    conformsTo: ref('https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE'),
  });
  const fileEntity = (path: string) => ({
    '@id': encodeURI(path),
    '@type': path === workflowFile ? ['File', 'SoftwareSourceCode', 'ComputationalWorkflow'] : 'File',
    name: path === workflowFile ? `${run.title}: resolved configuration` : path,
    description: descriptions.find(([pattern]) => pattern.test(path))?.[1] ?? 'The resolved configuration of the run',
    encodingFormat: mediaTypes[extname(path)] ?? 'text/plain',
    contentSize: String(files.get(path)!.length),
    sha256: sha256(files.get(path)!),
    ...(path === 'README.md' && { about: ref('./') }),
    ...(path === workflowFile && {
      version: run.hash,
      conformsTo: ref('https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE'),
      programmingLanguage: ref('#experiment-language'),
      input: ref('#environment'),
      output: [ref('#table'), ref('#prediction')],
    }),
    ...(path === sourceFiles.environment && { exampleOfWork: ref('#environment') }),
    ...(isResult(path) && { exampleOfWork: ref(path.startsWith('tables/') ? '#table' : '#prediction') }),
  });
  const graph = [
    {
      '@id': metadataFile,
      '@type': 'CreativeWork',
      conformsTo: [ref('https://w3id.org/ro/crate/1.1'), ref(profiles[2][0])],
      about: ref('./'),
    },
    {
      '@id': './',
      '@type': 'Dataset',
      name: `Results of run ${run.run}: ${run.title}`,
      description: `Run ${run.run} of calm-orch: configuration, keys, hashes, predictions, tables and verdicts; \`calm-orch verify\` computes the latter from the predictions.`,
      datePublished: seconds(run.packaged),
      license: ref(license),
      author: one(authors.map(({ '@id': id }) => ref(id))),
      conformsTo: profiles.map(([id]) => ref(id)),
      hasPart: paths.map((path) => ref(encodeURI(path))),
      mainEntity: ref(workflowFile),
      mentions: ref('#run'),
    },
    ...profiles.map(([id, name, version]) => ({ '@id': id, '@type': 'CreativeWork', name, version })),
    { '@id': license, '@type': 'CreativeWork', name: run.license, identifier: license },
    ...authors,
    { '@id': '#calm-orch', '@type': 'SoftwareApplication', name: 'calm-orch', softwareVersion: run.program },
    {
      '@id': '#experiment-language',
      '@type': 'ComputerLanguage',
      name: 'Resolved configuration of calm-orch',
      alternateName: 'calm-orch',
    },
    parameter('#environment', 'environment', 'What the run is computed with'),
    parameter('#table', 'table', 'A table with verdicts'),
    parameter('#prediction', 'prediction', 'What was predicted of each test item'),
    {
      '@id': '#run',
      '@type': 'CreateAction',
      name: `Run ${run.run}`,
      description: run.command,
      startTime: seconds(run.started),
      ...(run.ended !== null && { endTime: seconds(run.ended) }),
      actionStatus: `http://schema.org/${run.status === 'succeeded' ? 'Completed' : 'Failed'}ActionStatus`,
      agent: one(authors.map(({ '@id': id }) => ref(id))),
      instrument: ref(workflowFile),
      object: ref(sourceFiles.environment),
      result: paths.filter(isResult).map((path) => ref(encodeURI(path))),
    },
    ...paths.map(fileEntity),
  ];
  // Of https://w3id.org/ro/terms/workflow-run/context the one term that is used.
  const terms = { sha256: 'https://w3id.org/ro/terms/workflow-run#sha256' };
  const context = ['https://w3id.org/ro/crate/1.1/context', terms];
  return jsonText({ '@context': context, '@graph': graph });
}
