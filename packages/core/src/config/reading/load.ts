// Reads an experiment file (and the ablation it names) into an Experiment. All problems of a file are reported at
// once, each with file:line:column; nothing is read from disk after this but what the configuration names.
import { basename, dirname, extname, resolve } from 'node:path';
import { existsSync } from 'node:fs';
import { parse } from 'yaml';
import { userPath } from '../../files/user-path.ts';
import { CalmError } from '../../errors.ts';
import { canonicalJson, type Json } from '../../order/canonical.ts';
import { hashOfResolved } from '../../hash-of-resolved.ts';
import { ablationFileSchema, rowSchema, type AblationFile, type RowFile } from '../ablation.ts';
import { carriedFile, findExperiment, refuseNearlyCarried } from './carried.ts';
import { claimProblems, isAbout } from './claims.ts';
import { experimentFileSchema } from '../experiment.ts';
import { readDataFile } from '../datasets.ts';
import type { Experiment, ExperimentFile, ResolvedExperiment, ResolvedRow, TableSpec } from '../experiment.ts';
import { withoutTilde } from './home-paths.ts';
import { commentMetrics, scoreMetrics, suggestMetrics, type TableMetric } from '../names.ts';
import { presets } from '../presets.ts';
import { withSteps } from '../budgets.ts';
import { applyOverrides, budgetProblems, crossProblems, flattenOverrides, overrideProblems } from './resolve.ts';
import { parseAssignment, toTrial, type Override } from './resolve.ts';
import { rehearse, type RehearsalModels } from '../rehearse.ts';
import { trialConfigSchema, type TrialConfig } from '../schema.ts';
import { suggestion } from '../suggest.ts';
import { problemsOf } from './validate.ts';
import { z } from 'zod';
import { nearestFile, readYaml, throwProblems, type Path, type Problem, type YamlFile } from './yaml-position.ts';

export interface LoadOptions {
  /** `--set key=value`, in order. */
  readonly set?: readonly string[];
  /** `--data FILE`: datasets of this machine in place of the embedded data. */
  readonly data?: string;
  /** `--meteor-dir`: METEOR's own folder, unless `set` names one. */
  readonly meteorDir?: string;
  /** `--preset`: instead of the file's. */
  readonly preset?: TrialConfig['preset'];
  /** `--rows`: only these, in the table's order. */
  readonly rows?: readonly string[];
  /** `--seeds`: instead of the file's. */
  readonly seeds?: readonly number[];
  /** `--rehearsal`: asked what the models of a trial are. @default no rehearsal */
  readonly rehearsal?: (trial: TrialConfig) => RehearsalModels;
  /** Told of each file that is not here and is taken from those that come with the program. @default none */
  readonly note?: (line: string) => void;
}

type Sets = Pick<RowFile, 'set' | 'presets'>;

/** A row as written, and where: `file` and `path` lead to its mapping. */
interface PlacedRow {
  readonly row: RowFile;
  readonly file: YamlFile;
  readonly path: Path;
  /** Id of its table, where the experiment has several. */
  readonly table?: string;
}

/** Throws CalmError: not_found, invalid_config (all problems, a line each), invalid_argument (flags). */
export function loadExperiment(path: string, options: LoadOptions = {}): Experiment {
  const { set = [], data, meteorDir, rows: wanted, seeds, rehearsal, note = () => undefined } = options;
  const { path: absolute, carried } = findExperiment(path);
  if (carried) note(`no file ${path} here: taking the one that comes with calm-orch, ${absolute}`);
  if (!existsSync(absolute)) refuseNearlyCarried(path);
  const yaml = readYaml(absolute);
  throwProblems(problemsOf(experimentFileSchema, yaml.value, yaml.at));
  const file = yaml.value as ExperimentFile;
  const name = basename(absolute, extname(absolute));
  const several = readAblations(file, yaml, note);
  const ablationYaml = several?.[0]?.file ?? readAblation(file, yaml, note);
  const ablation = ablationYaml?.value as AblationFile | undefined;
  const placed = several?.flatMap(rowsOfTable) ?? placeRows(file, yaml, ablationYaml);
  const chosen = selectRows(placed, wanted);
  const preset = options.preset ?? file.preset ?? 'nano';

  const problems: Problem[] = [];
  const read = (written: readonly Override[]): Override[] => {
    const { overrides, problems: found } = withoutTilde(written);
    problems.push(...found, ...budgetProblems(written));
    return overrides;
  };
  /** What a row or table sets under this preset; both presets' are checked. */
  const readSets = ({ set: shared = {}, presets: own = {} }: Sets, source: YamlFile, at: Path): Override[] => {
    const within = (written: Readonly<Record<string, unknown>>, ...place: readonly string[]): Override[] =>
      read(flattenOverrides(written, (keys) => source.at([...at, ...place, ...keys], 'key')));
    const byPreset = Object.entries(own).map(([name, written]) => [name, within(written, 'presets', name)] as const);
    const others = byPreset.filter(([name]) => name !== preset).flatMap(([, overrides]) => overrides);
    problems.push(...overrideProblems(others));
    return [...within(shared, 'set'), ...byPreset.filter(([name]) => name === preset).flatMap(([, used]) => used)];
  };
  const flags = read([
    ...dataFlags(data),
    ...meteorFlags(meteorDir),
    ...set.map((text) => parseAssignment(text, parse)),
  ]);
  const base = [...read(flattenOverrides(file.set ?? {}, (keys) => yaml.at(['set', ...keys], 'key'))), ...flags];
  const rows = chosen.map(({ row, file: source, path: at, table }) => ({
    row,
    at: source.at(at),
    ...(table !== undefined && { table }),
    overrides: [
      // Without an ablation `source` is the experiment itself, whose `set` is in the base already.
      ...(source === yaml ? [] : readSets(source.value as AblationFile, source, [])),
      ...readSets(row, source, at),
    ],
  }));
  problems.push(...overrideProblems([...base, ...rows.flatMap(({ overrides }) => overrides)]));
  throwProblems([...problems, ...fixedByRows(flags, rows)]);

  const config = withSteps(applyOverrides({ preset, ...presets[preset] }, base));
  const only = file.only ?? null;
  const metrics = only ? [] : (file.metrics ?? ablation?.metrics ?? (['PLCC', 'SRCC'] as const));
  const title = file.title ?? ablation?.title ?? name;
  const specOf = (id: string, of: AblationFile | undefined, shown: readonly TableMetric[]): TableSpec => {
    const first = rows.find(({ table }) => table === undefined || table === id);
    const { evaluate } = applyOverrides(config, first?.overrides ?? []);
    // Rows of several tables are named `table/row`.
    const names = rows.flatMap(({ row, table }) =>
      table === undefined ? [row.row] : table === id ? [row.row.slice(id.length + 1)] : [],
    );
    const published = (of?.published ?? []).map(({ row }) => row);
    return {
      id,
      title: of?.title ?? title,
      metrics: [...shown],
      footnotes: of?.footnotes ?? [],
      baselines: [
        ...(evaluate.scores ? ['baselines'] : []),
        ...(evaluate.numComments > 0 ? ['baselines-comment'] : []),
      ],
      ...(of?.published && { published: of.published }),
      ...(of?.claims && { claims: of.claims.filter((claim) => isAbout(claim, names, published)) }),
    };
  };
  const tables = several
    ?.filter(({ id }) => rows.some(({ table }) => table === id))
    .map(({ id, file: source }) => specOf(id, source.value as AblationFile, (source.value as AblationFile).metrics));
  const rehearsed = ({ overrides }: { readonly overrides: readonly Override[] }): Pick<ResolvedRow, 'rehearsed'> => {
    if (rehearsal === undefined || only !== null) return {};
    const trial = toTrial({ ...applyOverrides(config, overrides), seed: 0 });
    return { rehearsed: rehearse(trial, toTrial({ ...config, seed: 0 }), rehearsal(trial)) };
  };
  const resolved: ResolvedExperiment = {
    // Under a name of its own: by the experiment's one asks for real results.
    name: rehearsal === undefined ? name : `${name}-rehearsal`,
    title,
    only,
    preset,
    seeds: checkSeeds(seeds ?? file.seeds ?? [0], seeds ? '--seeds' : yaml.at(['seeds'])),
    trainers: file.trainers ?? 8,
    augmentors: file.augmentors ?? 2,
    evaluators: file.evaluators ?? 1,
    table: tables?.[0] ?? specOf(file.ablation ? stem(file.ablation) : name, ablation, metrics),
    ...(tables && { tables }),
    config: withAbsoluteFolders(config),
    rows: rows.map((one) => ({
      ...toResolvedRow(one.row, one.overrides),
      ...(one.table !== undefined && { table: one.table }),
      ...rehearsed(one),
    })),
    ...(rehearsal && { rehearsal: true as const }),
  };
  const across = rows.flatMap(({ overrides, at, table }) => {
    const shown = tables?.find(({ id }) => id === table)?.metrics ?? metrics;
    const trial = { seed: 0, ...applyOverrides(config, overrides) };
    const missing = missingEvaluation(shown, trial);
    const problems = crossProblems(trial, [...base, ...overrides], at);
    return missing === null ? problems : [...problems, { at: yaml.at(['metrics']), message: missing }];
  });
  throwProblems(across);
  const experiment = restoreExperiment(toJson(resolved), absolute);
  if (rehearsal !== undefined)
    throwProblems(experiment.rows.flatMap((row) => crossProblems(row.config(0), [], `--rehearsal, row ${row.row}`)));
  return experiment;
}

/**
 * The Experiment of a stored `resolved`, as a resumed run needs it; `path` is only repeated. Throws `invalid_config`
 * when a calm-orch with another configuration schema stored it.
 */
export function restoreExperiment(resolved: Json, path: string): Experiment {
  const { rows, ...rest } = resolved as unknown as ResolvedExperiment;
  const { config } = rest;
  const [problem] = problemsOf(trialConfigSchema.omit({ seed: true }), config, () => path);
  if (problem) {
    const start = `start it anew with \`calm-orch run ${path}\` (what still fits is reused)`;
    throw new CalmError(
      'invalid_config',
      `this run was planned by another version of calm-orch (${problem.message}): ${start}`,
    );
  }
  return {
    ...rest,
    path,
    rows: rows.map((row) => {
      const under = (...sets: ResolvedRow['set'][]) => {
        const overrides = sets.flatMap((set) => Object.entries(set).map(([key, value]) => ({ key, value })));
        return (seed: number): TrialConfig => toTrial({ ...applyOverrides(config, overrides), seed });
      };
      return { ...row, config: under(row.set, row.rehearsed?.set ?? {}), fullConfig: under(row.set) };
    }),
    hash: hashOfResolved(resolved),
    resolved,
  };
}

const stem = (path: string): string => basename(path, extname(path));

/** What the columns of a table need that the trial does not evaluate; null: nothing. */
function missingEvaluation(
  metrics: readonly TableMetric[],
  { evaluate }: Pick<TrialConfig, 'evaluate'>,
): string | null {
  const shown = (of: readonly TableMetric[]): string => metrics.filter((metric) => of.includes(metric)).join(', ');
  if (shown(commentMetrics) && evaluate.numComments === 0)
    return `the table shows ${shown(commentMetrics)}, but evaluate.numComments is 0: set it above 0`;
  if (shown(scoreMetrics) && !evaluate.scores && !evaluate.personal)
    return `the table shows ${shown(scoreMetrics)}, but evaluate.scores is false: set it to true`;
  if (shown(suggestMetrics) && !evaluate.suggestions)
    return `the table shows ${shown(suggestMetrics)}, but evaluate.suggestions is false: set it to true`;
  return null;
}

type Note = NonNullable<LoadOptions['note']>;

interface TableFile {
  readonly id: string;
  readonly file: YamlFile;
}

/** The files of `ablations`; undefined where the experiment names none. */
function readAblations(file: ExperimentFile, yaml: YamlFile, note: Note): TableFile[] | undefined {
  if (file.ablations === undefined) return undefined;
  const extra = (['ablation', 'rows', 'metrics', 'only'] as const).find((key) => file[key] !== undefined);
  if (extra)
    throwProblems([{ at: yaml.at([extra], 'key'), message: `\`${extra}\` has no meaning beside \`ablations\`` }]);
  const ids = file.ablations.map(stem);
  const twice = ids.findIndex((id, i) => ids.indexOf(id) !== i);
  if (twice >= 0)
    throwProblems([{ at: yaml.at(['ablations', twice]), message: `table \`${ids[twice]}\` stands here twice` }]);
  return file.ablations.map((ablation, i) => ({
    id: ids[i]!,
    file: readAblationFile(ablation, yaml, yaml.at(['ablations', i]), note),
  }));
}

/** The rows of one of several tables, named `table/row`. */
function rowsOfTable({ id, file }: TableFile): PlacedRow[] {
  return placeRows({}, file, file).map(({ row, ...place }) => ({
    ...place,
    row: { ...row, row: `${id}/${row.row}` },
    table: id,
  }));
}

function dataFlags(file: string | undefined): Override[] {
  if (file === undefined) return [];
  const at = `--data ${file}`;
  return [
    { key: 'data.source', value: 'files', at },
    { key: 'data.roots', value: readDataFile(file), at },
  ];
}

function meteorFlags(dir: string | undefined): Override[] {
  return dir === undefined ? [] : [{ key: 'evaluate.meteorDir', value: dir, at: `--meteor-dir ${dir}` }];
}

function readAblation(file: ExperimentFile, yaml: YamlFile, note: Note): YamlFile | undefined {
  const at = yaml.at(['ablation']);
  const extra = (['ablation', 'rows', 'metrics'] as const).find((key) => file.only && file[key] !== undefined);
  if (extra)
    throwProblems([
      {
        at: yaml.at([extra], 'key'),
        message: `\`${extra}\` has no meaning beside \`only: ${file.only}\`: leave it out`,
      },
    ]);
  if (file.ablation === undefined) {
    if (file.rows === undefined && !file.only) {
      const message = 'an experiment needs rows: name an `ablation` file, or write `rows` here';
      throwProblems([{ at: yaml.at([]), message }]);
    }
    return undefined;
  }
  return readAblationFile(file.ablation, yaml, at, note);
}

function readAblationFile(name: string, yaml: YamlFile, at: string, note: Note): YamlFile {
  const here = userPath(name, dirname(yaml.path));
  const carried = existsSync(here) ? undefined : carriedFile(name);
  const path = carried ?? here;
  if (carried !== undefined) note(`no file ${name} here: taking the one that comes with calm-orch, ${carried}`);
  if (!existsSync(path)) {
    const near = nearestFile(path);
    const hint =
      near === undefined
        ? 'paths are relative to the experiment file'
        : `did you mean \`${dirname(name)}/${basename(near)}\`?`;
    throwProblems([{ at, message: `no ablation file \`${name}\`: ${hint}` }]);
  }
  const ablation = readYaml(path);
  throwProblems(problemsOf(ablationFileSchema, ablation.value, ablation.at));
  throwProblems(claimProblems(ablation));
  return { ...ablation, value: ablationFileSchema.parse(ablation.value) };
}

function placeRows(file: ExperimentFile, yaml: YamlFile, ablation: YamlFile | undefined): PlacedRow[] {
  if (file.only) return [{ row: { row: file.only }, file: yaml, path: ['only'] }];
  const source = ablation ?? yaml;
  if (ablation) {
    const selection = z.array(z.string()).optional();
    throwProblems(problemsOf(selection, file.rows, yaml.at, ['rows']));
  } else throwProblems(problemsOf(z.array(rowSchema), file.rows, yaml.at, ['rows']));
  const rows = (ablation ? (ablation.value as AblationFile).rows : file.rows) as RowFile[];
  const names = rows.map(({ row }) => row);
  const problems: Problem[] = [];
  names.forEach((row, index) => {
    if (names.indexOf(row) !== index)
      problems.push({ at: source.at(['rows', index, 'row']), message: `row \`${row}\` stands here twice` });
  });
  const selected = ablation ? (file.rows as string[] | undefined) : undefined;
  selected?.forEach((row, index) => {
    if (!names.includes(row))
      problems.push({ at: yaml.at(['rows', index]), message: `unknown row \`${row}\`${suggestion(row, names)}` });
  });
  throwProblems(problems);
  return rows
    .map((row, index) => ({ row, file: source, path: ['rows', index] }))
    .filter(({ row }) => selected?.includes(row.row) ?? true);
}

function selectRows(placed: readonly PlacedRow[], wanted: readonly string[] | undefined): readonly PlacedRow[] {
  if (wanted === undefined) return placed;
  const names = placed.map(({ row }) => row.row);
  for (const name of wanted) {
    if (!names.includes(name))
      throw new CalmError(
        'invalid_argument',
        `--rows: unknown row \`${name}\`; this experiment has ${names.join(', ')}`,
      );
  }
  if (wanted.length === 0) throw new CalmError('invalid_argument', `--rows: name at least one of ${names.join(', ')}`);
  return placed.filter(({ row }) => wanted.includes(row.row));
}

function checkSeeds(seeds: readonly number[], at: string): readonly number[] {
  const bad = seeds.find((seed) => !Number.isSafeInteger(seed) || seed < 0);
  if (bad !== undefined || seeds.length === 0) {
    throw new CalmError(
      'invalid_argument',
      `${at}: expected whole numbers of at least 0, as in 0,1 (got ${bad ?? 'none'})`,
    );
  }
  if (new Set(seeds).size < seeds.length)
    throwProblems([{ at, message: `a seed stands twice in ${seeds.join(', ')}` }]);
  return [...seeds];
}

/** A flag that changes what the rows vary would be overridden by them without a word. */
function fixedByRows(
  flags: readonly Override[],
  rows: readonly { row: RowFile; overrides: readonly Override[] }[],
): Problem[] {
  return flags.flatMap(({ key, at }) => {
    const setters = rows.filter(({ overrides }) => overrides.some((override) => override.key === key));
    if (setters.length === 0) return [];
    const names = setters.map(({ row }) => row.row).join(', ');
    return [{ at, message: `\`${key}\` is what the rows vary (${names}): choose rows with --rows` }];
  });
}

function toResolvedRow(row: RowFile, overrides: readonly Override[]): ResolvedRow {
  const set = Object.fromEntries(overrides.map(({ key, value }) => [key, value as Json]));
  return { row: row.row, set, paper: { ...row.paper } };
}

/** Stored runs must not depend on where `resume` is called. */
function withAbsoluteFolders<T extends Omit<TrialConfig, 'seed'>>(config: T): T {
  const { data, evaluate } = config;
  const absolute = (path: string | null): string | null => (path === null ? null : resolve(path));
  return {
    ...config,
    data: { ...data, unlabeledDir: absolute(data.unlabeledDir) },
    evaluate: { ...evaluate, meteorDir: absolute(evaluate.meteorDir) },
  };
}

function toJson(value: unknown): Json {
  return JSON.parse(canonicalJson(value)) as Json;
}
