// The rows of the paper's tables come from the folders that are named: one label changed in one dataset (in Pexels, which has
// none, one photograph) makes anew what reads that dataset and what is made of it, and nothing else.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planExperiment, planSources, type Plan, type PlanStage } from '@calm-orch/coordinator';
import { datasetNames, type DatasetName } from '@calm-orch/core';
import { loadExperiment } from '@calm-orch/core/config';
import { datasetIdentity, makeDatasets, photosIdentity } from '@calm-orch/datasets';
import { stageKinds } from '../../packages/cli/src/run/stage-kinds.ts';

const paper = fileURLToPath(new URL('../../experiments/paper.yaml', import.meta.url));
let dir: string;
let dataFile: string;
let before: Plan;

async function planned(): Promise<Plan> {
  const sources = await planSources({
    kinds: stageKinds,
    stageEntry: () => join(dir, 'stage.js'),
    engine: null,
    datasetIdentity,
    photosIdentity,
  });
  const foundation = { key: 'f'.repeat(64), file: '' };
  const models = { dir, vision: null, llm: null, tokenizer: null, isOwnFile: false, vocabSize: 300 };
  const experiment = loadExperiment(paper, { preset: 'paper', data: dataFile, rehearsal: () => models });
  return planExperiment(experiment, { ...sources, foundation: () => foundation });
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-one-label-'));
  writeFileSync(join(dir, 'stage.js'), 'export const stage = () => {};\n');
  dataFile = await makeDatasets({ dir: join(dir, 'made'), numTrain: 20 });
  before = await planned();
}, 120_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A file with labels, and what one of them becomes. */
const labels: Readonly<Record<Exclude<DatasetName, 'Pexels'>, readonly [file: RegExp, from: RegExp, to: string]>> = {
  AVA: [/^AVA\.txt$/, /^(\d+ \d+) \d+/m, '$1 9'],
  'AVA-Captions': [/\.json$/, /"clean":"./, '"clean":"x'],
  'FLICKR-AES': [/each_worker\.csv$/, /, [1-4]$/m, ', 5'],
  PCCD: [/\.json$/, /"score":\s*\[\s*"\d/, '"score":["9'],
  EVA: [/votes_filtered\.csv$/, /^(\d+=\d+)=\d+/m, '$1=9'],
  AADB: [/ImgListTrainRegression_score\.txt$/i, /0\.\d/, '0.9'],
  SPAQ: [/MOS.*\.xlsx$/, /^/, ''],
  TAD66K: [/merge\/train\.csv$/, /,\d/, ',9'],
  ICAA17K: [/^1train\.csv$/, /(,\d[\d.]*,)\d/, '$19'],
  'LLaVA-Pretrain': [/\.json$/, /"value":"(?!<)./, '"value":"x'],
  ShareGPT4V: [/\.json$/, /"gpt","value":"./, '"gpt","value":"x'],
  'LLaVA-Mix665k': [/\.json$/, /"gpt","value":"./, '"gpt","value":"x'],
};

function change(name: DatasetName): void {
  const folder = join(dir, 'made', name);
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  if (name === 'Pexels' || name === 'SPAQ') {
    // A photograph of another moment; a workbook of other bytes.
    const found = names.find((file) => (name === 'Pexels' ? /\.jpe?g$/ : labels.SPAQ[0]).test(file))!;
    if (name === 'Pexels') utimesSync(join(folder, found), 1, 1);
    else
      cpSync(
        join(
          folder,
          names.find((file) => /Scene.*\.xlsx$/.test(file))!,
        ),
        join(folder, found),
      );
    return;
  }
  const [file, from, to] = labels[name];
  const path = join(
    folder,
    names.find((one) => file.test(one))!,
  );
  const text = readFileSync(path, 'utf8');
  expect(text.replace(from, to)).not.toBe(text);
  writeFileSync(path, text.replace(from, to));
}

const nameOf = ({ kind, config }: PlanStage): string =>
  [kind, (config as { what?: string }).what].filter((part) => part !== undefined).join(' ');

const questions = ['data questions'];
/** The stages that read a dataset themselves. */
const readers: Readonly<Record<DatasetName, readonly string[]>> = {
  AVA: ['data labeled', 'data comments', 'data unlabeled', ...questions],
  'AVA-Captions': ['data comments'],
  'FLICKR-AES': ['data-personal'],
  PCCD: ['data unlabeled', ...questions, 'degrade'],
  EVA: ['data unlabeled', ...questions],
  AADB: ['data unlabeled', ...questions],
  SPAQ: ['data unlabeled', ...questions],
  TAD66K: ['data unlabeled', ...questions],
  ICAA17K: ['data unlabeled', ...questions],
  Pexels: ['data unlabeled'],
  'LLaVA-Pretrain': ['data generic'],
  ShareGPT4V: ['data generic'],
  'LLaVA-Mix665k': questions,
};

test.each(datasetNames)('a label of %s makes anew what reads it, and nothing else', async (name) => {
  change(name);
  const after = await planned();
  const known = new Set(before.stages.map(({ key }) => key));
  const isNew = (stage: PlanStage): boolean => !known.has(stage.key);
  const byName = (stage: PlanStage): boolean => readers[name].includes(nameOf(stage));
  const made = new Set<string>();
  // Inputs come before those who read them.
  for (const stage of after.stages)
    if (byName(stage) || Object.values(stage.inputs).some((input) => made.has(input))) made.add(stage.key);
  expect(after.stages.filter(isNew).map(({ label }) => label)).toEqual(
    after.stages.filter(({ key }) => made.has(key)).map(({ label }) => label),
  );
  expect(after.stages.filter((stage) => !isNew(stage)).length).toBeGreaterThan(3);
  before = after;
});
