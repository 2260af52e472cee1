import { describe, expect, it } from 'vitest';
import { programRoot } from '../program-root.ts';
import { loadExperiment, restoreExperiment } from './reading/load.ts';
import { experimentYaml } from './reading/print.ts';
import type { RehearsalModels } from './rehearse.ts';
import type { TrialConfig } from './schema.ts';

const none: RehearsalModels = {
  dir: '/cache',
  vision: null,
  llm: null,
  tokenizer: null,
  isOwnFile: false,
  vocabSize: 700,
};
const load = (file: string, preset: 'nano' | 'paper', models: Partial<RehearsalModels> = {}, set: string[] = []) =>
  loadExperiment(`${programRoot}experiments/${file}.yaml`, {
    preset,
    set,
    rehearsal: () => ({ ...none, isOwnFile: preset === 'nano', ...models }),
  });
const paper = load('paper', 'paper');
const rowOf = (row: string) => paper.rows.find((one) => one.row === row)!;

describe('a rehearsal of the paper', () => {
  it('keeps depth, patches, taps, queries and template, and has few photographs, steps and channels', () => {
    const [trial, full] = [rowOf('table-1-scoring/CALM').config(0), rowOf('table-1-scoring/CALM').fullConfig(0)];
    for (const key of ['imageSize', 'patchSize', 'numLayers', 'activation'] as const)
      expect(trial.vision[key]).toBe(full.vision[key]);
    expect(trial.mfam).toMatchObject({ taps: full.mfam.taps, queries: 32, numLayers: 2, hiddenSize: 32 });
    expect([trial.prompt, trial.scoreDecimals, trial.llm.maxPositions]).toEqual([full.prompt, 2, 4096]);
    expect([trial.vision.hiddenSize, trial.llm.hiddenSize, trial.llm.vocabSize]).toEqual([32, 32, 700]);
    expect([trial.data.numTrain, trial.finetuneScore.steps, trial.finetuneScore.batchSize]).toEqual([64, 3, 8]);
    expect([full.data.numTrain, full.finetuneScore.steps]).toEqual([233_600, 1825]);
    expect(rowOf('table-1-scoring/CALM-E large').config(0).vision.imageSize).toBe(336);
  });

  it('keeps all layers of the language model in the paper’s own trial, whatever its row is called', () => {
    const layers = (row: string) => rowOf(row).config(0).llm.numLayers;
    const whole = paper.rows.filter(({ row }) => layers(row) === 32).map(({ row }) => row);
    expect(whole).toEqual([
      'table-1-scoring/CALM',
      'table-2-commenting/CALM',
      'table-4-suggesting/CALM',
      'table-5-mfam/all',
      'table-6-queries/32 queries',
      'table-7-augmentations/quality+color+subject',
    ]);
    for (const row of ['table-5-mfam/thematic', 'table-3-personalized/CALM']) expect(layers(row)).toBe(4);
  });

  it('makes a folder for each size of a model that no folder is named for', () => {
    const { made } = rowOf('table-1-scoring/CALM').rehearsed!;
    expect(made.map(({ vision, llm }) => [vision?.imageSize, llm?.numLayers])).toEqual([
      [224, undefined],
      [undefined, 32],
    ]);
    const { foundation } = rowOf('table-1-scoring/CALM').config(0);
    expect([foundation.vision, foundation.llm]).toEqual(made.map(({ path }) => path));
    // The tower of 224 is read at 336 too.
    expect(rowOf('table-1-scoring/CALM-E large').config(0).foundation.vision).toBe(foundation.vision);
  });

  it('is told from the run it rehearses, and comes back from its stored JSON as it was', () => {
    expect(paper).toMatchObject({ name: 'paper-rehearsal', rehearsal: true });
    const back = restoreExperiment(JSON.parse(JSON.stringify(paper.resolved)) as never, paper.path);
    expect(back.hash).toBe(paper.hash);
    expect(back.rows.map((row) => row.config(0))).toEqual(paper.rows.map((row) => row.config(0)));
    expect(experimentYaml(paper.resolved)).toMatch(/^rehearsal: true$/m);
    const real = loadExperiment(`${programRoot}experiments/paper.yaml`, { preset: 'paper' });
    expect(real.hash).not.toBe(paper.hash);
    expect(real.rehearsal).toBeUndefined();
  });
});

describe('models that are named', () => {
  const full = (width: number): Partial<RehearsalModels> => {
    const { vision, llm } = rowOf('table-1-scoring/CALM').fullConfig(0);
    return {
      vision: { ...vision, numLayers: 26, hiddenSize: width },
      llm: { ...llm, numKeyValueHeads: 8, rmsNormEps: 1e-6, hiddenSize: width },
      tokenizer: { dir: '/models/llm', sha256: 'of its tokenizer' },
    };
  };
  const first = (models: Partial<RehearsalModels>) =>
    load('scoring', 'paper', models, ['foundation.vision=/models/vision', 'foundation.llm=/models/llm']).rows[0]!;

  it('give depth, settings and tokenizer where they are wide', () => {
    const row = first(full(4096));
    const { vision, llm }: TrialConfig = row.config(0);
    expect([vision.numLayers, vision.hiddenSize]).toEqual([26, 32]);
    expect(llm).toMatchObject({
      numKeyValueHeads: 1,
      numHeads: 2,
      rmsNormEps: 1e-6,
      vocabSize: 32_000,
      hiddenSize: 32,
    });
    expect(row.rehearsed!.made.map(({ tokenizer }) => tokenizer)).toEqual([null, '/models/llm']);
  });

  it('are used as they are where they are narrow', () => {
    const row = first(full(128));
    expect(row.rehearsed!.made).toEqual([]);
    expect(row.config(0).foundation).toMatchObject({ vision: '/models/vision', llm: '/models/llm' });
    expect(row.config(0).vision).toMatchObject({ numLayers: 26, hiddenSize: 128, imageSize: 224 });
  });

  it('must have the depth that is tapped', () => {
    const shallow = full(64);
    expect(() => first({ ...shallow, vision: { ...shallow.vision!, numLayers: 2 } })).toThrow(
      /--rehearsal, row CALM: mfam\.taps\.low must be at most vision\.numLayers \(got 4 and 2\)/,
    );
  });
});

it('a rehearsal of nano has its words in one file of its own', () => {
  const [row] = load('scoring', 'nano').rows;
  const { foundation, vision, llm, prompt } = row!.config(0);
  const [file, ...more] = row!.rehearsed!.made;
  expect(more).toEqual([]);
  expect(foundation).toMatchObject({ checkpoint: file!.path, vision: null, llm: null });
  expect([vision.hiddenSize, vision.numLayers, llm.numLayers, llm.vocabSize, prompt.template]).toEqual([
    32,
    6,
    2,
    256,
    'nano',
  ]);
});
