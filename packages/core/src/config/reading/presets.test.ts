// What depends on the preset: values of rows and tables, and steps that are counted from epochs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadExperiment, type LoadOptions } from './load.ts';
import { resolveTrial } from './resolve.ts';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'calm-orch-presets-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const table = `title: Table
metrics: [PLCC, SRCC]
set: { mfam.queries: 16 }
presets:
  nano: { mfam.queries: 8, evaluate.batchSize: 5 }
rows:
  - row: small
  - row: large
    presets:
      nano: { vision.imageSize: 96 }
      paper: { vision.imageSize: 336 }
`;

function load(options: LoadOptions = {}, text = table) {
  writeFileSync(join(dir, 'table.yaml'), text);
  writeFileSync(join(dir, 'x.yaml'), 'ablation: table.yaml\n');
  return loadExperiment(join(dir, 'x.yaml'), options);
}

describe('what a table sets under one preset', () => {
  it('comes after what it sets under both, and holds under that preset alone', () => {
    const of = (preset: 'nano' | 'paper') =>
      load({ preset }).rows.map((row) => {
        const { mfam, vision, evaluate } = row.config(0);
        return [mfam.queries, vision.imageSize, evaluate.batchSize];
      });
    expect(of('nano')).toEqual([
      [8, 64, 5],
      [8, 96, 5],
    ]);
    expect(of('paper')).toEqual([
      [16, 224, 16],
      [16, 336, 16],
    ]);
  });

  it.each(['nano', 'paper'] as const)('is checked where it stands under preset %s', (preset) => {
    const wrong = table.replace('paper: { vision.imageSize: 336 }', 'paper: { vision.imgeSize: 336 }');
    expect(() => load({ preset }, wrong)).toThrow(
      /table\.yaml:11:16: unknown key `vision\.imgeSize`; did you mean `vision\.imageSize`\?/,
    );
    expect(() => load({ preset }, table.replace('paper:', 'papr:'))).toThrow(
      /table\.yaml:11:7: unknown key `papr`; did you mean `paper`\?/,
    );
  });
});

describe('steps', () => {
  const steps = (set: string[]) => {
    const { finetuneScore, finetuneComment, pretrainSsl, pretrainGeneric, finetunePersonal } = load({
      preset: 'paper',
      set,
    }).rows[0]!.config(0);
    return [pretrainSsl, pretrainGeneric, finetuneComment, finetuneScore, finetunePersonal].map(
      (budget) => budget.steps,
    );
  };

  it('are counted from epochs, samples and batch', () => {
    expect(steps([])).toEqual([1797, 2579, 8133, 1825, 1378]);
    expect(steps(['data.numTrain=1000', 'finetuneScore.batchSize=64', 'finetuneComment.epochs=0.5'])).toEqual([
      1797, 2579, 4, 16, 1378,
    ]);
  });

  it('may be given instead, and no trial knows which it was', () => {
    expect(steps(['finetuneScore.steps=10'])[3]).toBe(10);
    expect(steps(['finetuneScore.steps=10', 'data.numTrain=1000'])[3]).toBe(10);
    expect(resolveTrial('paper', { 'finetuneScore.epochs': 2 }, 0).finetuneScore).toEqual({
      steps: 3650,
      batchSize: 128,
      peakLearningRate: 7e-5,
      warmupFraction: 0.03,
    });
  });

  it('are not given beside epochs', () => {
    const both = table.replace('set: {', 'set: { finetuneScore: { steps: 3, epochs: 1 },');
    expect(() => load({}, both)).toThrow(/table\.yaml:3:35: `finetuneScore` has steps and epochs: give one of them/);
  });
});

it('photographs of 336 pixels are read by the tower that is named for them', () => {
  const set = ['foundation.vision=/clip', 'foundation.vision336=/clip-336'];
  expect(load({ preset: 'paper', set }).rows.map((row) => row.config(0).foundation)).toMatchObject([
    { vision: '/clip', vision336: null },
    { vision: '/clip-336', vision336: null },
  ]);
  expect(load({ preset: 'paper', set: set.slice(0, 1) }).rows[1]!.config(0).foundation.vision).toBe('/clip');
});
