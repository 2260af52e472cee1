import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { CalmError } from '../../errors.ts';
import { experimentYaml } from './print.ts';
import { loadExperiment, restoreExperiment, type LoadOptions } from './load.ts';
import { programRoot } from '../../program-root.ts';
import { resolveTrial } from './resolve.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-config-'));
  mkdirSync(join(dir, 'ablations'));
  write('ablations/levels.yaml', ablation);
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

const ablation = `title: Levels
metrics: [PLCC, SRCC]
rows:
  - row: thematic
    set: { mfam.levels: [thematic] }
    paper: { PLCC: 0.768 }
  - row: all
`;

function write(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

const load = (text: string, options?: LoadOptions) => loadExperiment(write('x.yaml', text), options);

/** The lines of the error, without the folder. */
function problems(text: string, options?: LoadOptions): string[] {
  try {
    load(text, options);
  } catch (error) {
    expect(error).toBeInstanceOf(CalmError);
    return (error as Error).message.replaceAll(`${dir}/`, '').split('\n');
  }
  throw new Error('expected a problem');
}

const base = 'ablation: ablations/levels.yaml\n';

test('the experiment files of the repository load', () => {
  const mfam = loadExperiment(join(programRoot, 'experiments/ablation-mfam.yaml'));
  expect(mfam.rows.map(({ row }) => row)).toEqual([
    'thematic',
    'thematic+high+middle',
    'thematic+high+low',
    'thematic+middle+low',
    'all',
  ]);
  expect(mfam.rows.map(({ paper }) => paper)).toEqual([
    { PLCC: 0.768, SRCC: 0.759 },
    {},
    {},
    {},
    { PLCC: 0.829, SRCC: 0.815 },
  ]);
  expect(mfam).toMatchObject({ name: 'ablation-mfam', seeds: [0, 1, 2], trainers: 8, table: { id: 'table-5-mfam' } });
  expect(mfam.table.footnotes).toHaveLength(1);
  const smoke = loadExperiment(join(programRoot, 'experiments/smoke.yaml'));
  expect(smoke.rows.map(({ row }) => row)).toEqual(['thematic', 'all']);
  expect(smoke.rows[0]!.config(0).evaluate.numComments).toBeGreaterThan(0);
  const foundation = loadExperiment(join(programRoot, 'experiments/foundation.yaml'));
  expect(foundation).toMatchObject({ only: 'foundation', table: { metrics: [] }, rows: [{ row: 'foundation' }] });
});

test('a row is the preset under the experiment, the flags and its own overrides', () => {
  const experiment = load(`${base}set:\n  finetuneScore.steps: 7\n  mfam: { queries: 4 }\n`, {
    set: ['mfam.queries=16'],
  });
  const config = experiment.rows[0]!.config(3);
  expect(config).toMatchObject({
    seed: 3,
    preset: 'nano',
    finetuneScore: { steps: 7 },
    mfam: { levels: ['thematic'], queries: 16 },
  });
  expect(config.foundation.checkpoint).toBe(join(programRoot, 'assets/foundation-nano.safetensors'));
  expect(experiment.rows[1]!.config(0).mfam.levels).toHaveLength(4);
  expect(experiment.rows[0]).toMatchObject({ set: { 'mfam.levels': ['thematic'] }, paper: { PLCC: 0.768 } });
});

test('the hash covers what decides results and nothing else', () => {
  const hash = (text: string, options?: LoadOptions) => load(text, options).hash;
  expect(hash(`${base}trainers: 3\ntitle: other\n`)).toBe(hash(base));
  expect(hash(`${base}seeds: [0, 1]\n`)).not.toBe(hash(base));
  expect(hash(base, { set: ['finetuneScore.steps=1'] })).not.toBe(hash(base));
});

test('an experiment comes back from its stored JSON', () => {
  const experiment = load(`${base}seeds: [1, 2]\n`);
  const stored = JSON.parse(JSON.stringify(experiment.resolved)) as typeof experiment.resolved;
  const back = restoreExperiment(stored, experiment.path);
  expect(back.hash).toBe(experiment.hash);
  expect(back.rows[0]!.config(1)).toEqual(experiment.rows[0]!.config(1));
  expect(back).toMatchObject({ name: 'x', seeds: [1, 2], table: experiment.table });
});

test('a run stored by another version of the schema is not resumed but explained', () => {
  const experiment = load(base);
  const stored = JSON.parse(JSON.stringify(experiment.resolved)) as { config: { mfam: { queries?: number } } };
  delete stored.config.mfam.queries;
  expect(() => restoreExperiment(stored as never, '/x.yaml')).toThrow(
    /another version .*`mfam.queries` is missing.* run \/x.yaml/,
  );
});

test('a resolved experiment is printed as YAML that says the same', () => {
  const { resolved } = load(`${base}seeds: [1, 2]\n`);
  const text = experimentYaml(resolved);
  expect(parse(text)).toEqual({ ...(resolved as object), only: undefined });
  expect(text.indexOf('vision:')).toBeLessThan(text.indexOf('llm:'));
});

test('--rows and --seeds run a part of the table, in the order of the table', () => {
  const experiment = load(base, { rows: ['all'], seeds: [4, 5] });
  expect(experiment.rows.map(({ row }) => row)).toEqual(['all']);
  expect(experiment.seeds).toEqual([4, 5]);
  expect(problems(base, { rows: ['al'] })).toEqual(['--rows: unknown row `al`; this experiment has thematic, all']);
  expect(load(base, { preset: 'paper' }).rows[0]!.config(0)).toMatchObject({
    preset: 'paper',
    vision: { imageSize: 224 },
  });
  expect(problems(base, { seeds: [-1] })[0]).toMatch(/--seeds: expected whole numbers of at least 0/);
});

test('rows may stand in the experiment itself', () => {
  const experiment = load('rows:\n  - row: a\n    set: { mfam.queries: 4 }\n  - row: b\n');
  expect(experiment.table).toEqual({
    id: 'x',
    title: 'x',
    metrics: ['PLCC', 'SRCC'],
    footnotes: [],
    baselines: ['baselines'],
  });
  expect(experiment.rows[0]!.config(0).mfam.queries).toBe(4);
});

test('all problems are named at once with line, column and the nearest valid key', () => {
  expect(problems(`${base}prset: nano\nseeds: [0, x]\ntrainers: many\ndata: studoi\n`)).toEqual(
    expect.arrayContaining([
      'x.yaml:2:1: unknown key `prset`; did you mean `preset`?',
      'x.yaml:3:12: `seeds.1`: expected a whole number of at least 0, got "x"',
      'x.yaml:4:11: `trainers`: expected a whole number above 0, got "many"',
      'x.yaml:5:7: `data`: expected one of studio, got "studoi"; did you mean `studio`?',
    ]),
  );
});

test('overrides are checked where they stand, dotted or nested', () => {
  const text = `${base}set:\n  mfam.levls: [thematic]\n  finetuneScore.steps: 0\n  mfam:\n    taps: { low: 1.5 }\n  llm: 3\n  seed: 1\n`;
  expect(problems(text)).toEqual([
    'x.yaml:3:3: unknown key `mfam.levls`; did you mean `mfam.levels`?',
    'x.yaml:4:3: `finetuneScore.steps`: expected a whole number above 0, got 0',
    'x.yaml:6:13: `mfam.taps.low`: expected a whole number of at least 0, got 1.5',
    'x.yaml:7:3: unknown key `llm`: set its members, as in `llm.hiddenSize`',
    'x.yaml:8:3: `seed` is not set here: name seeds with `seeds: [0, 1]` or --seeds',
  ]);
});

test('problems of the ablation name the ablation', () => {
  write(
    'ablations/levels.yaml',
    ablation.replace('mfam.levels: [thematic]', 'mfam.levels: [thematik]').replace('paper', 'papre'),
  );
  expect(problems(base)).toEqual(['ablations/levels.yaml:6:5: unknown key `papre`; did you mean `paper`?']);
  write('ablations/levels.yaml', ablation.replace('mfam.levels: [thematic]', 'mfam.levels: [thematik]'));
  expect(problems(base)[0]).toBe(
    'ablations/levels.yaml:5:12: `mfam.levels.0`: expected one of thematic, high, middle, low, got "thematik"; did you mean `thematic`?',
  );
  write('ablations/levels.yaml', ablation.replace('SRCC', 'SRC'));
  expect(problems(base)[0]).toMatch(
    /levels.yaml:2:17: `metrics.1`: expected one of PLCC, .* got "SRC"; did you mean `SRCC`\?/,
  );
});

test('unknown rows, missing files and a missing ablation are said with the remedy', () => {
  expect(problems(`${base}rows: [thematic, al]\n`)).toEqual(['x.yaml:2:18: unknown row `al`; did you mean `all`?']);
  expect(problems('ablation: ablations/level.yaml\n')).toEqual([
    'x.yaml:1:11: no ablation file `ablations/level.yaml`: did you mean `ablations/levels.yaml`?',
  ]);
  expect(problems('preset: nano\n')[0]).toMatch(/x.yaml:1:1: an experiment needs rows/);
  expect(() => loadExperiment(join(dir, 'y.yaml'))).toThrow(/no file .*y.yaml: did you mean .*x.yaml\?/);
  expect(problems(`${base}only: foundation\n`)[0]).toMatch(
    /x.yaml:1:1: `ablation` has no meaning beside `only: foundation`/,
  );
});

test('syntax errors and repeated keys have their place', () => {
  expect(problems('seeds: [0, 1\n')[0]).toMatch(/^x.yaml:\d+:\d+: /);
  expect(problems(`${base}seeds: [0]\nseeds: [1]\n`)).toEqual(['x.yaml:3:1: Map keys must be unique']);
  expect(problems('')[0]).toMatch(/^x.yaml:1:1: /);
  expect(problems('just text')[0]).toMatch(/^x.yaml:1:1: `the file`: expected keys with values, got "just text"/);
});

test('values that do not fit together are said with both, where they were set', () => {
  expect(problems(`${base}set:\n  finetuneScore.batchSize: 12\n  mfam.taps.high: 7\n  mfam.hiddenSize: 30\n`)).toEqual([
    'x.yaml:3:3: finetuneScore.batchSize must be a multiple of train.stepShards (got 12 and 8)',
    'x.yaml:5:3: mfam.hiddenSize must be a multiple of mfam.numHeads (got 30 and 4)',
    'x.yaml:4:3: mfam.taps.high must be at most vision.numLayers (got 7 and 6)',
  ]);
  expect(problems(`${base}metrics: [PLCC, CIDEr]\n`)).toEqual([
    'x.yaml:2:10: the table shows CIDEr, but evaluate.numComments is 0: set it above 0',
  ]);
  const val = 'evaluate: { split: val, numComments: 9 }';
  expect(problems(`${base}set:\n  data.numVal: 0\n  ${val}\n`)).toEqual([
    'x.yaml:4:15: evaluate.split is val, and data.numVal is 0: name how many photographs choose',
    'x.yaml:4:27: evaluate.numComments must be at most data.numVal (got 9 and 0)',
  ]);
  expect(problems(`${base}set:\n  data.numTest: 8\n  evaluate.numComments: 9\n`)).toEqual([
    'x.yaml:4:3: evaluate.numComments must be at most data.numTest (got 9 and 8)',
  ]);
});

test('--set is checked like a file and may not touch what the rows vary', () => {
  expect(problems(base, { set: ['finetuneScore.step=3'] })).toEqual([
    '--set finetuneScore.step=3: unknown key `finetuneScore.step`; did you mean `finetuneScore.steps`?',
  ]);
  expect(problems(base, { set: ['mfam.levels=[all]'] })[0]).toMatch(/`mfam.levels.0`: expected one of/);
  expect(problems(base, { set: ['mfam.levels=[high]'] })[0]).toMatch(
    /is what the rows vary \(thematic\): choose rows with --rows/,
  );
  expect(problems(base, { set: ['steps'] })[0]).toMatch(/expected key=value/);
});

test('resolveTrial takes overrides by themselves', () => {
  expect(resolveTrial('nano', { 'mfam.queries': 4 }, 1)).toMatchObject({ seed: 1, mfam: { queries: 4 } });
  expect(() => resolveTrial('nano', { 'mfam.querys': 4 }, 1)).toThrow(
    /mfam.querys: unknown key .* did you mean `mfam.queries`/,
  );
  expect(() => resolveTrial('nano', { 'train.stepShards': 5 }, 1)).toThrow(/pretrainSsl.batchSize must be a multiple/);
  for (const accumulation of [3, 16])
    expect(() => resolveTrial('nano', { 'train.accumulation': accumulation }, 1)).toThrow(
      `train.accumulation must be a power of two that divides train.stepShards (got ${accumulation} and 8)`,
    );
  expect(() => resolveTrial('nano', { 'lora.targets': ['q_proj', 'q_proj'] }, 1)).toThrow(
    'lora.targets names something',
  );
  expect(() => resolveTrial('nano', { 'lora.targets': ['q_prj'] }, 1)).toThrow(/did you mean `?q_proj/);
  expect(() => resolveTrial('nano', { 'train.maxGradientNorm': 0 }, 1)).toThrow('a number above 0 or null');
  expect(resolveTrial('paper', {}, 0).vision.hiddenSize).toBe(1024);
});

test('several ablations are one experiment: rows named by table, an ablation’s `set` before a row’s', () => {
  write(
    'ablations/comments.yaml',
    'title: Comments\nmetrics: [CIDEr]\nset: { evaluate: { scores: false, numComments: 7 } }\nrows:\n  - row: all\n  - row: few\n    set: { evaluate.numComments: 3 }\n',
  );
  const { tables, rows, table } = load('ablations: [ablations/levels.yaml, ablations/comments.yaml]\n');
  expect(rows.map(({ row, table: own }) => [row, own])).toEqual([
    ['levels/thematic', 'levels'],
    ['levels/all', 'levels'],
    ['comments/all', 'comments'],
    ['comments/few', 'comments'],
  ]);
  expect(rows.map((row) => row.config(0).evaluate.numComments)).toEqual([0, 0, 7, 3]);
  expect(rows.map((row) => row.config(0).evaluate.scores)).toEqual([true, true, false, false]);
  expect(tables!.map(({ id, baselines }) => [id, baselines])).toEqual([
    ['levels', ['baselines']],
    ['comments', ['baselines-comment']],
  ]);
  expect(table).toEqual(tables![0]);
});

test('`ablations` stands alone, and names each table once', () => {
  expect(problems('ablations: [ablations/levels.yaml]\nmetrics: [PLCC]\n')).toEqual([
    'x.yaml:2:1: `metrics` has no meaning beside `ablations`',
  ]);
  expect(problems('ablations: [ablations/levels.yaml, ablations/levels.yaml]\n')).toEqual([
    'x.yaml:1:36: table `levels` stands here twice',
  ]);
});

test('an experiment whose columns nothing evaluates is refused', () => {
  expect(problems(`${base}metrics: [noise]\n`)[0]).toMatch(/evaluate\.suggestions is false: set it to true/);
  const personal = 'set: { evaluate.personal: true, personal: { contextSize: 9, joining: 5 } }\n';
  expect(problems(base + personal).join()).toMatch(
    /personal\.joining must be 0 or more than personal\.contextSize \(got 5 and 9\)/,
  );
  const long = 'set: { evaluate.personal: true, personal: { contextSize: 10, joining: 11 } }\n';
  expect(problems(base + long).join()).toMatch(
    /11 photographs of an episode take 264 tokens without any text, llm\.maxPositions is 256/,
  );
});

test('claims are checked against the rows and metrics of their table, and kept where all their rows are run', () => {
  const claim = (row: string, metric: string) =>
    `claims:\n  - { claim: helps, metric: ${metric}, row: ${row}, is: better, than: [thematic] }\n`;
  write('ablations/levels.yaml', ablation + claim('all', 'PLCC'));
  const kept = { claim: 'helps', metric: 'PLCC', row: 'all', is: 'better', than: ['thematic'] };
  expect(load(base).table.claims).toEqual([kept]);
  expect(load(base, { rows: ['all'] }).table.claims).toEqual([]);
  write('ablations/levels.yaml', ablation + claim('al', 'CIDEr'));
  expect(problems(base)).toEqual([
    'ablations/levels.yaml:9:41: a claim about a row this table does not have: `al`; did you mean `all`?',
    'ablations/levels.yaml:9:29: this table has no column CIDEr',
  ]);
});

test('claims may name the baselines that are known for each item of their metric', () => {
  const claims = (metric: string, than: string) =>
    write(
      'ablations/levels.yaml',
      `${ablation.replace('SRCC', 'CIDEr')}claims:\n  - { claim: c, metric: ${metric}, row: all, is: better, than: [${than}] }\n`,
    );
  const some = { rows: ['all'], set: ['evaluate.numComments=20'] };
  claims('CIDEr', "nearest photograph's comment");
  expect(load(base, some).table.claims).toMatchObject([{ than: ["nearest photograph's comment"] }]);
  claims('PLCC', 'constant comment');
  expect(problems(base, some)).toEqual([
    'ablations/levels.yaml:9:60: a row is compared with `constant comment` by CIDEr or ROUGE-L, not by PLCC',
  ]);
  claims('CIDEr', 'constant coment');
  expect(problems(base, some)[0]).toMatch(/`constant coment`; did you mean `constant comment`\?$/);
});

test('claims may name published models, need margins, and say what the paper’s numbers say', () => {
  const published = 'published:\n  - { row: VILA, paper: { PLCC: 0.774 } }\n  - { row: CWS, paper: { SRCC: 0.5 } }\n';
  const claims = (...more: string[]) =>
    write(
      'ablations/levels.yaml',
      `${ablation}${published}claims:\n${more.map((one) => `  - { claim: c, metric: PLCC, ${one} }\n`).join('')}`,
    );
  claims('row: all, is: better, than: [VILA]', 'row: all, is: close, than: [thematic], margin: 0.02');
  expect(load(base, { rows: ['all'] }).table.claims).toMatchObject([{ than: ['VILA'] }]);
  claims(
    'row: VILA, is: better, than: [all]',
    'row: all, is: close, than: [thematic]',
    'row: all, is: better, than: [thematic, CWS]',
    'row: all, is: better, than: [thematic], effect: -0.02',
  );
  expect(problems(base)).toEqual([
    'ablations/levels.yaml:12:36: a claim about a row this table does not have: `VILA`; valid: thematic, all',
    'ablations/levels.yaml:13:45: a claim that a row is `close` needs a `margin` above 0, in units of PLCC',
    'ablations/levels.yaml:14:70: `CWS` has no PLCC in the paper',
    'ablations/levels.yaml:15:60: the paper has `all` not better here, by -0.020',
  ]);
});
