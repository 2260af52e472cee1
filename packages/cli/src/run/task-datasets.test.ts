// What a change in FLICKR-AES or PCCD makes be computed anew: what reads them, and nothing else.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planExperiment, planSources } from '@calm-orch/coordinator';
import { loadExperiment } from '@calm-orch/core/config';
import { datasetIdentity, makeDatasets } from '@calm-orch/datasets';
import { repository } from '../calm-orch.test-util.ts';
import { stageKinds } from './stage-kinds.ts';

let dir: string;
let data: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-tasks-'));
  data = await makeDatasets({ dir, numTrain: 20 });
  writeFileSync(join(dir, 'stage.js'), 'export const stage = () => {};\n');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Labels and keys of what an experiment on the made datasets needs. */
async function stagesOf(experiment: string): Promise<Map<string, string>> {
  const sources = await planSources({
    kinds: stageKinds,
    stageEntry: () => join(dir, 'stage.js'),
    engine: null,
    datasetIdentity,
    photosIdentity: () => ({ identity: null, note: null }),
  });
  const { stages } = planExperiment(loadExperiment(join(repository, 'experiments', experiment), { data }), sources);
  return new Map(
    stages.map(({ key, kind, config }) => {
      const { what } = config as { what?: string };
      return [key, what === undefined ? kind : `${kind} ${what}`];
    }),
  );
}

/** What is not done any more after a change of the data. */
async function changedBy(experiment: string, change: () => void): Promise<string[]> {
  const before = await stagesOf(experiment);
  change();
  const after = await stagesOf(experiment);
  return [...new Set([...after].filter(([key]) => !before.has(key)).map(([, label]) => label))].sort();
}

test('one rating of FLICKR-AES: the annotators and what follows them', async () => {
  const ratings = join(dir, 'FLICKR-AES/FLICKR-AES_image_labeled_by_each_worker.csv');
  const changed = await changedBy('personalized.yaml', () => {
    const text = readFileSync(ratings, 'utf8');
    writeFileSync(
      ratings,
      text.replace(/(\d)\n$/, (_, score) => `${score === '5' ? 4 : 5}\n`),
    );
    expect(readFileSync(ratings, 'utf8')).not.toBe(text);
  });
  expect(changed).toEqual(['data-personal', 'encode personal', 'evaluate-personal', 'finetune-personal']);
});

test.each([
  ['a label', () => writeFileSync(join(dir, 'PCCD/raw.json'), `${readFileSync(join(dir, 'PCCD/raw.json'), 'utf8')} `)],
  ['an image', () => appendFileSync(join(dir, 'PCCD/images/full/1-studio_1.jpg'), ' ')],
])('%s of PCCD: the photographs asked about, and training that reads PCCD too', async (_, change) => {
  const changed = await changedBy('suggesting.yaml', change);
  expect(changed).toEqual(expect.arrayContaining(['degrade', 'encode real', 'evaluate-suggest', 'data unlabeled']));
  const untouched = ['data labeled', 'data comments', 'data generic', 'encode labeled', 'pretrain-generic'];
  expect(changed.filter((label) => untouched.includes(label))).toEqual([]);
});

test('without the dataset the stages have no other to read', async () => {
  const only = join(dir, 'ava.yaml');
  writeFileSync(only, 'AVA: AVA\n');
  const { rows } = loadExperiment(join(repository, 'experiments/personalized.yaml'), { data: only });
  const kind = stageKinds.find((one) => one.kind === 'data-personal')!;
  expect(kind.slice(rows[0]!.config(0), {})).toMatchObject({ data: { source: 'files', roots: {} } });
});
