// Questions of CALM-E about the datasets of one's own: what is asked, about whom, and what a changed label changes.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planExperiment, planSources, type Plan, type PlanStage } from '@calm-orch/coordinator';
import { judgedDatasets, questionSets, type StageContext } from '@calm-orch/core';
import { loadExperiment } from '@calm-orch/core/config';
import {
  askedPhotos,
  datasetIdentity,
  makeDatasets,
  photosIdentity,
  readIdList,
  readSpaq,
  spaqAttributes,
  storedQuestions,
  writeSpaq,
} from '@calm-orch/datasets';
import { stageKinds } from '../../packages/cli/src/run/stage-kinds.ts';

const commenting = fileURLToPath(new URL('../../experiments/commenting.yaml', import.meta.url));
let dir: string;
let dataFile: string;
let questions: ReturnType<typeof contentOf>;

async function planned(set: readonly string[] = []): Promise<Plan> {
  const sources = await planSources({
    kinds: stageKinds,
    stageEntry: () => join(dir, 'stage.js'),
    engine: null,
    datasetIdentity,
    photosIdentity,
  });
  const foundation = { key: 'f'.repeat(64), file: '' };
  const experiment = loadExperiment(commenting, { rows: ['CALM-E'], seeds: [0], data: dataFile, set });
  return planExperiment(experiment, { ...sources, foundation: () => foundation });
}

const isQuestions = ({ kind, config }: PlanStage): boolean =>
  kind === 'data' && (config as { what: string }).what === 'questions';

async function compute(stage: PlanStage): Promise<string> {
  const outputDir = join(dir, stage.key);
  const stageFunction = await stageKinds.find(({ kind }) => kind === stage.kind)!.load();
  for (let item = 0; item < stage.numItems; item++) {
    const context: StageContext = {
      stage,
      item,
      outputDir,
      inputs: {},
      checkpointDir: join(dir, 'checkpoints'),
      checkpointEveryMs: 1e9,
      signal: new AbortController().signal,
      report: () => undefined,
      now: () => 0,
    };
    await stageFunction(context);
  }
  return outputDir;
}

const contentOf = (artifact: string) => ({
  photos: askedPhotos(artifact).map(({ path }) => path),
  asked: [...storedQuestions(artifact)],
});

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-questions-'));
  writeFileSync(join(dir, 'stage.js'), 'export const stage = () => {};\n');
  dataFile = await makeDatasets({ dir: join(dir, 'made'), numTrain: 100 });
  const plan = await planned();
  questions = contentOf(await compute(plan.stages.find(isQuestions)!));
}, 120_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('questions about the datasets that are named', () => {
  it('are of every judged dataset, as words and as comparisons, and of every image set of the mix', () => {
    for (const set of ['words', 'comparisons'])
      for (const dataset of judgedDatasets) {
        const found = questions.asked.find(({ id }) => id.startsWith(`${dataset}/${set}/`));
        expect(found?.photos.length, `${dataset} ${set}`).toBe(set === 'words' ? 1 : 2);
        expect(found!.photos.every((path) => path.includes(`/made/${dataset}/`))).toBe(true);
      }
    for (const set of questionSets.slice(2)) {
      const found = questions.asked.find((one) => one.set === set);
      expect(found?.photos[0], set).toContain(`/LLaVA-Mix665k/${set}/`);
      expect(found!.conversations).toEqual([
        [
          { question: 'Describe it.', answer: expect.any(String) as unknown },
          {
            question: expect.stringContaining('How many other things') as unknown,
            answer: expect.any(String) as unknown,
          },
        ],
      ]);
    }
    // One of them was downloaded as a .gif.
    expect(questions.photos.some((path) => path.endsWith('.gif'))).toBe(true);
  });

  it('are read again as they were', () => {
    for (const { again, conversations } of questions.asked) expect(again()).toEqual(conversations);
  });

  it('are about no photograph of a test split, and none that is one of AVA', async () => {
    const testIds = new Set(readIdList(join(dir, 'made/AVA/aesthetics_image_lists/generic_test.jpgl')));
    const evaIds = questions.photos.flatMap((path) => /EVA_together\/(\d+)\.jpg$/.exec(path)?.[1] ?? []).map(Number);
    expect(evaIds.length).toBeGreaterThan(0);
    expect(evaIds.filter((id) => testIds.has(id))).toEqual([]);
    // Of ten photographs of AADB two are of its test split, and of PCCD the better half is what suggesting is asked about.
    const numOf = (dataset: string) => questions.photos.filter((path) => path.includes(`/${dataset}/`)).length;
    expect(['AADB', 'TAD66K', 'ICAA17K', 'PCCD', 'SPAQ'].map(numOf)).toEqual([8, 8, 8, 5, 10]);
  });
});

describe('a limit to the photographs', () => {
  it('draws no source away', async () => {
    const plan = await planned(['data.numQuestions=44']);
    const { photos, asked } = contentOf(await compute(plan.stages.find(isQuestions)!));
    expect(photos).toHaveLength(44);
    expect(new Set(asked.map(({ set }) => set))).toEqual(new Set(questionSets));
    for (const dataset of judgedDatasets)
      expect(photos.filter((path) => path.includes(`/made/${dataset}/`)).length, dataset).toBeGreaterThanOrEqual(2);
    // Nothing is asked about photographs that were not drawn.
    expect(asked.flatMap((one) => one.photos).filter((path) => !photos.includes(path))).toEqual([]);
  });
});

describe('one label that is changed', () => {
  const changedLabels = async (change: () => void | Promise<void>): Promise<string[]> => {
    const before = new Set((await planned()).stages.map(({ key }) => key));
    await change();
    return (await planned()).stages.filter(({ key }) => !before.has(key)).map(({ label }) => label);
  };
  /** The first digit after `before` becomes another. */
  const changeDigit = (path: string, before: RegExp) => (): void => {
    const file = join(dir, 'made', path);
    const text = readFileSync(file, 'utf8');
    const at = before.exec(text)!;
    const place = at.index + at[0].length;
    writeFileSync(file, `${text.slice(0, place)}${(Number(text[place]) + 1) % 10}${text.slice(place + 1)}`);
  };
  const changes = {
    AADB: changeDigit('AADB/imgListFiles_label/imgListTrainRegression_score.txt', /farm1_0_studio\.jpg \d\.\d/),
    EVA: changeDigit('EVA/data/votes_filtered.csv', /\n\d+=\d+=/),
    ICAA17K: changeDigit('ICAA17K/1train.csv', /0\.jpg,\d+\./),
    PCCD: changeDigit('PCCD/raw.json', /"score":\s*\["/),
    SPAQ: async () => {
      const root = join(dir, 'made/SPAQ');
      const { photos } = await readSpaq(root);
      const records = photos.map(({ name, score, attributes }, i) => ({
        name,
        mos: i === 0 ? 100 - score! : score!,
        attributes: spaqAttributes.map((attribute) => attributes[attribute]!),
        scenes: [],
      }));
      writeSpaq(root, records);
    },
    TAD66K: changeDigit('TAD66K/merge/train.csv', /studio\.jpg,\d+\./),
    'LLaVA-Mix665k': changeDigit('LLaVA-Mix665k/llava_v1_5_mix665k.json', /"from":\s*"gpt",\s*"value":\s*"(?=\d)/),
  };

  it.each(Object.entries(changes))(
    'of %s has the questions made again, and nothing that does not read it',
    async (_, change) => {
      const labels = await changedLabels(change);
      expect(labels).toContain('data questions');
      expect(labels).toContain('encode questions');
      expect(labels.filter((label) => label.startsWith('finetune-comment'))).toHaveLength(1);
      for (const other of ['data labeled', 'data comments', 'data generic', 'encode labeled', 'pretrain-generic'])
        expect(labels).not.toContain(other);
    },
  );
});
