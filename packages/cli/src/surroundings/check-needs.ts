// What the rows of an experiment need of this machine, looked for before anything is planned: the datasets of a data file,
// the pretrained models. All that is missing is said at once, with the rows it costs; nothing takes its place.
import {
  CalmError,
  datasetNames,
  datasetNeeds,
  datasetsWelcome,
  foundationPaths,
  type DatasetName,
  type Experiment,
  type TrialConfig,
} from '@calm-orch/core';
import { plural } from '../progress/format.ts';

export interface NeedProblem {
  readonly of: 'datasets' | 'models';
  readonly code: CalmError['code'];
  /** A sentence without its end. */
  readonly text: string;
  readonly rows: readonly string[];
}

export interface Needs {
  readonly problems: readonly NeedProblem[];
  /** Sentences about datasets that are not there and that rows do without. */
  readonly notes: readonly string[];
}

export async function needsOf(experiment: Experiment): Promise<Needs> {
  if (experiment.only === 'foundation') return { problems: [], notes: [] };
  const rows = experiment.rows.map(({ row, config }) => ({ row, config: config(experiment.seeds[0]!) }));
  const missing = await missingDatasets(rows.map(({ config }) => config));
  const problems = [...datasetProblems(rows, missing), ...(await modelProblems(rows))];
  return { problems, notes: welcomeNotes(rows, missing) };
}

/** A problem with the rows it costs, where it does not cost all. */
export function problemText({ text, rows }: NeedProblem, experiment: Experiment): string {
  return rows.length === experiment.rows.length
    ? text
    : `${text}: costs ${plural(rows.length, 'row')}: ${rows.join(', ')}`;
}

/** All problems, and the rows that can be run nevertheless. */
export function refusal(problems: readonly NeedProblem[], experiment: Experiment): CalmError {
  const costs = new Set(problems.flatMap(({ rows }) => rows));
  const rest = experiment.rows.map(({ row }) => row).filter((row) => !costs.has(row));
  const lines = problems.map((problem) => problemText(problem, experiment));
  if (rest.length > 0) lines.push(`What is there is enough for --rows ${JSON.stringify(rest.join(','))}`);
  return new CalmError(problems[0]!.code, lines.join('\n'));
}

/** @returns The notes. @throws CalmError with all problems, the rows they cost, and the rows that can be run. */
export async function checkNeeds(experiment: Experiment): Promise<readonly string[]> {
  const { problems, notes } = await needsOf(experiment);
  if (problems.length > 0) throw refusal(problems, experiment);
  return notes;
}

interface Row {
  readonly row: string;
  readonly config: TrialConfig;
}

/** Why a dataset cannot be used, by name; those that are there are not in it. Empty on the embedded data. */
async function missingDatasets(configs: readonly TrialConfig[]): Promise<ReadonlyMap<DatasetName, string>> {
  const { data } = configs[0]!;
  if (data.source === 'studio') return new Map();
  const { missingOf } = await import('@calm-orch/datasets');
  return new Map(
    datasetNames.flatMap((name) => {
      const root = data.roots[name];
      if (root === undefined) return [[name, 'the file of --data does not name it']];
      const path = missingOf(name, root);
      return path === null ? [] : [[name, `there is no ${path}`]];
    }),
  );
}

function datasetProblems(rows: readonly Row[], missing: ReadonlyMap<DatasetName, string>): NeedProblem[] {
  const problems = new Map<string, string[]>();
  for (const { row, config } of rows)
    for (const { what, datasets, of } of missing.size === 0 ? [] : datasetNeeds(config)) {
      const absent = datasets.filter((name) => missing.has(name));
      if (absent.length === 0 || (of === 'any' && absent.length < datasets.length)) continue;
      const why = absent.map((name) => `${name} (${missing.get(name)!})`).join(', ');
      const text = `data: no ${what} without ${why}`;
      problems.set(text, [...(problems.get(text) ?? []), row]);
    }
  return [...problems].map(([text, own]) => ({ of: 'datasets', code: 'not_found', text, rows: own }));
}

/** Datasets that are not there and are no row's need: what is made of them has less. */
function welcomeNotes(rows: readonly Row[], missing: ReadonlyMap<DatasetName, string>): string[] {
  const welcome = new Set(rows.flatMap(({ config }) => datasetsWelcome(config)));
  return [...missing]
    .filter(([name]) => welcome.has(name))
    .map(([name, why]) => `data: pre-training does without ${name}: ${why}`);
}

/** Models whose files or sizes do not fit the rows. */
async function modelProblems(rows: readonly Row[]): Promise<NeedProblem[]> {
  const isCarried = ({ foundation }: TrialConfig): boolean =>
    Object.keys(foundationPaths(foundation)).join() === 'checkpoint';
  const named = rows.filter(({ config }) => !isCarried(config) || config.prompt.template !== 'nano');
  if (named.length === 0) return [];
  // Only now: the model's code is of no use to an experiment on the embedded data here.
  const { checkFoundation } = await import('@calm-orch/model');
  const problems = new Map<string, NeedProblem>();
  for (const { row, config } of named) {
    try {
      checkFoundation(config);
    } catch (error) {
      if (!(error instanceof CalmError)) throw error;
      const { code, message: text } = error;
      problems.set(text, { of: 'models', code, text, rows: [...(problems.get(text)?.rows ?? []), row] });
    }
  }
  return [...problems.values()];
}
