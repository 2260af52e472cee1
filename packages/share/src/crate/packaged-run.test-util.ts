// A run whose stages have left what real ones leave, with the numbers that follow from it, for tests of packages. Rows `thematic`
// and `all` of the smoke experiment, two seeds; nothing is trained.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, programRoot, rng, type Json, type StageKind } from '@calm-orch/core';
import { loadExperiment } from '@calm-orch/core/config';
import { degradationNames } from '@calm-orch/datasets';
import { remeasure } from '@calm-orch/evaluator/remeasure';
import type { RunRecord, Tracker, TrialRef } from '@calm-orch/tracker';
import { recordRun, type RecordedStage } from '../../../tracker/src/recorded-run.test-util.ts';

const numItems = 60;
const items = Array.from({ length: numItems }, (_, i) => i + 1);
const targetOf = (item: number): number => 5.5 + 2 * rng('target', item).normal();

type Files = Readonly<Record<string, string>>;

/** Better for row `all`. */
function filesOf(kind: StageKind, { row, seed }: TrialRef): Files {
  const draw = rng('answers', kind, row, seed);
  const isBetter = row === 'all';
  switch (kind) {
    case 'evaluate-score': {
      const lines = items.map((item) => {
        const expected = Math.min(9.9, Math.max(1, targetOf(item) + draw.normal(0, isBetter ? 0.8 : 2.5)));
        const text = item === 3 ? 'no idea' : `${Math.round(expected)}`;
        return `${item},${targetOf(item)},${item === 3 ? mean(items.map(targetOf)) : text},${expected},"${text}"`;
      });
      return { 'predictions.csv': `image,target,score,expectation,text\n${lines.join('\n')}\n` };
    }
    case 'evaluate-comment':
      return { 'comments.json': JSON.stringify({ items: comments(isBetter ? 0.3 : 0.8) }, null, 1) };
    case 'baselines-comment':
      return { 'comments.json': JSON.stringify({ 'constant comment': { items: comments(0.5) } }) };
    case 'evaluate-suggest': {
      const answers = degradationNames.flatMap((degradation, i) =>
        ['beach', 'street', 'tree', 'dog'].map((photo, j) => {
          const named = (i + j) % (isBetter ? 2 : 4) === 0;
          return { photo, crop: j, degradation, answer: named ? remedies[degradation] : 'a nice day .', right: named };
        }),
      );
      return { 'suggestions.json': `${JSON.stringify({ judge: 'keywords', items: answers }, null, 1)}\n` };
    }
    case 'evaluate-personal': {
      const lines = ['A1', 'B2', 'C3'].flatMap((worker) =>
        [0, 1].flatMap((repeat) =>
          [11, 12, 13, 14, 15].map((image, i) => {
            const score = Math.round(1 + 4 * draw.uniform());
            return [worker, image, repeat, 1 + ((i * 2) % 5), score, score + 0.125, 3 + i / 8, 2.5 + i / 4].join();
          }),
        ),
      );
      const head = 'worker,image,repeat,target,score,expectation,generic,others';
      return { 'predictions.csv': `${head}\n${lines.join('\n')}\n`, 'annotators.csv': 'worker,SRCC\n' };
    }
    default: {
      const lines = ['ridge last layer', 'ridge tapped layers'].flatMap((name) =>
        items.map((item) => `${name},${item},${targetOf(item)},${targetOf(item) + draw.normal(0, 3)}\n`),
      );
      return { 'predictions.csv': `baseline,image,target,prediction\n${lines.join('')}` };
    }
  }
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const remedies: Readonly<Record<string, string>> = {
  noise: 'reduce the noise .',
  blur: 'it is too blurry .',
  darker: 'it is too dark .',
  brighter: 'it is too bright .',
  dull: 'increase the saturation .',
  crop: 'the subject is cut off .',
};

/** @param share Of comments that are not what somebody said. */
function comments(share: number) {
  return items.slice(0, 20).map((item) => {
    const text = `a ${['sharp', 'dark', 'noisy', 'vivid'][item % 4]} photo of ${['sand', 'snow', 'a dog'][item % 3]}`;
    const said = rng('comment', item, share).uniform() < share ? 'a photo' : text;
    return { id: String(item), references: [text, 'a nice shot'], candidate: said };
  });
}

export const packagedRow = 'all';

/** @param dir Run folder of `tracker`. */
export async function recordPackagedRun(tracker: Tracker, dir: string): Promise<RunRecord> {
  const path = join(programRoot, 'experiments/smoke.yaml');
  const { resolved, hash } = loadExperiment(path, { seeds: [0, 1] });
  const trials = ['thematic', 'all'].flatMap((row) => [0, 1].map((seed) => ({ row, seed })));
  const stages: (RecordedStage & { readonly ingredients: Json })[] = [];
  const add = async (kind: StageKind, own: readonly TrialRef[]): Promise<void> => {
    const trial = own[0] ?? { row: 'none', seed: 0 };
    const config = { seed: trial.seed, evaluate: { scoreReadout: 'text' }, row: trial.row };
    const ingredients = {
      kind,
      config,
      inputs: { data: 'd'.repeat(64) },
      code: 'c'.repeat(64),
      files: null,
      engine: null,
    };
    const key = hashOf(ingredients);
    const folder = join(dir, 'artifacts', key);
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(filesOf(kind, trial))) writeFileSync(join(folder, name), text);
    const { metrics, files } = await remeasure({ kind, config }, folder);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    stages.push({ kind, key, trials: own, config, inputs: ingredients.inputs, metrics, ingredients });
  };
  for (const trial of trials)
    for (const kind of ['evaluate-score', 'evaluate-comment', 'evaluate-suggest']) await add(kind, [trial]);
  // Its SRCC belongs in another table than that of scores.
  for (const kind of ['evaluate-personal', 'baselines', 'baselines-comment']) await add(kind, []);
  const run = recordRun(tracker, { resolved, hash, path, trials, stages, artifacts: join(dir, 'artifacts') });
  for (const { key, ingredients } of stages) {
    const manifest = join(dir, 'artifacts', key, 'manifest.json');
    const written = JSON.parse(readFileSync(manifest, 'utf8')) as object;
    writeFileSync(manifest, JSON.stringify({ ...written, ingredients }));
  }
  tracker.endRun(run.id, 'succeeded');
  return tracker.getRun(run.id);
}
