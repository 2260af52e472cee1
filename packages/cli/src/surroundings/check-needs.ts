// What the rows of an experiment need of this machine, looked for before anything is planned: the datasets of a data file,
// the pretrained models. All that is missing is said at once, with the rows it costs; nothing takes its place.
import {
  CalmError,
  datasetNames,
  datasetNeeds,
  datasetsWelcome,
  foundationPaths,
  hashOf,
  type DatasetName,
  type Experiment,
  type TrialConfig,
} from '@calm-orch/core';
import { resolveTrial } from '@calm-orch/core/config';
import { plural } from '../progress/format.ts';

export interface Problem {
  readonly code: CalmError['code'];
  /** A sentence without its end. */
  readonly text: string;
  readonly rows: readonly string[];
  /** The preset's own checkpoints are not there, and no others are named. */
  readonly isUnnamed?: boolean;
}

export interface Needs {
  readonly rows: readonly string[];
  readonly problems: readonly Problem[];
  /** Sentences about datasets that are not there and that rows do without. */
  readonly notes: readonly string[];
}

/** @returns Notes. @throws CalmError with all problems, the rows they cost, and the rows that could be run. */
export async function checkNeeds(experiment: Experiment): Promise<string[]> {
  const needs = await needsOf(experiment);
  throwNeeds(needs);
  return [...needs.notes];
}

export async function needsOf(experiment: Experiment): Promise<Needs> {
  if (experiment.only === 'foundation') return { rows: [], problems: [], notes: [] };
  const rows = experiment.rows.map((row) => ({ row: row.row, config: row.config(experiment.seeds[0]!) }));
  const missing = await missingDatasets(rows.map(({ config }) => config));
  return {
    rows: rows.map(({ row }) => row),
    problems: [...datasetProblems(rows, missing), ...(await modelProblems(rows))],
    notes: welcomeNotes(rows, missing),
  };
}

/** Each problem with the rows it costs where they are not all. */
export function needLines({ problems, rows }: Needs): string[] {
  return problems.map(({ text, rows: own }) =>
    own.length === rows.length ? text : `${text}: costs ${plural(own.length, 'row')}: ${own.join(', ')}`,
  );
}

export function throwNeeds(needs: Needs): void {
  const { problems: found, rows } = needs;
  if (found.length === 0) return;
  const costs = new Set(found.flatMap((problem) => problem.rows));
  const rest = rows.filter((row) => !costs.has(row));
  const lines = needLines(needs);
  const remedy =
    rest.length === 0
      ? 'No row can be run without'
      : `What is there is enough for --rows ${JSON.stringify(rest.join(','))}`;
  const { code } = found[0]!;
  throw new CalmError(code, lines.length === 1 && rest.length === 0 ? lines[0]! : [...lines, remedy].join('\n'));
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

function datasetProblems(rows: readonly Row[], missing: ReadonlyMap<DatasetName, string>): Problem[] {
  const problems = new Map<string, string[]>();
  for (const { row, config } of rows)
    for (const { what, datasets, of } of missing.size === 0 ? [] : datasetNeeds(config)) {
      const absent = datasets.filter((name) => missing.has(name));
      if (absent.length === 0 || (of === 'any' && absent.length < datasets.length)) continue;
      const why = absent.map((name) => `${name} (${missing.get(name)!})`).join(', ');
      const text = `data: no ${what} without ${why}`;
      problems.set(text, [...(problems.get(text) ?? []), row]);
    }
  return [...problems].map(([text, own]) => ({ code: 'not_found', text, rows: own }));
}

/** Datasets that are not there and are no row's need: what is made of them has less. */
function welcomeNotes(rows: readonly Row[], missing: ReadonlyMap<DatasetName, string>): string[] {
  const welcome = new Set(rows.flatMap(({ config }) => datasetsWelcome(config)));
  return [...missing]
    .filter(([name]) => welcome.has(name))
    .map(([name, why]) => `data: pre-training does without ${name}: ${why}`);
}

/** Models whose files or sizes do not fit the rows. */
async function modelProblems(rows: readonly Row[]): Promise<Problem[]> {
  const isCarried = ({ foundation }: TrialConfig): boolean =>
    Object.keys(foundationPaths(foundation)).join() === 'checkpoint';
  const named = rows.filter(({ config }) => !isCarried(config) || config.prompt.template !== 'nano');
  if (named.length === 0) return [];
  // Only now: this code is of no use to an experiment on the embedded data here.
  const { checkFoundation } = await import('@calm-orch/model');
  const { checkReadout } = await import('@calm-orch/evaluator');
  const problems = new Map<string, Problem>();
  for (const { row, config } of named) {
    try {
      checkFoundation(config);
      checkReadout(config, foundationPaths(config.foundation).llm);
    } catch (error) {
      if (!(error instanceof CalmError)) throw error;
      const { code, message: text } = error;
      const isUnnamed = code === 'not_found' && isPresets(config);
      problems.set(text, { code, text, isUnnamed, rows: [...(problems.get(text)?.rows ?? []), row] });
    }
  }
  return [...problems.values()];
}

function isPresets({ preset, foundation }: TrialConfig): boolean {
  return hashOf(foundation) === hashOf(resolveTrial(preset, [], 0).foundation);
}
