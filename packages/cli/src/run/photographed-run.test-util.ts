// A run with what its stages leave about photographs: tested on and commented, degraded and judged, augmented. The labelled
// photographs lie in a dataset's folder, outside the run folder; all are small squares of one colour each.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tracker } from '@calm-orch/tracker';
import { degradationNames, degradedFile, pipelineOf } from '@calm-orch/datasets';
import { recordRun, type RecordedStage } from '../../../tracker/src/recorded-run.test-util.ts';

const trial = { row: 'all', seed: 0 };
const side = 48;

/** What the PNG at this place looks like: no two are alike. */
export const colorAt = (index: number): readonly [number, number, number] => [
  (index * 37) % 256,
  (index * 91 + 80) % 256,
  (index * 53 + 160) % 256,
];

async function writeSquare(path: string, index: number, size = side): Promise<void> {
  const data = new Uint8Array(size * size * 3);
  for (let i = 0; i < data.length; i++) data[i] = colorAt(index)[i % 3]!;
  writeFileSync(path, await pipelineOf({ data, width: size, height: size }).png().toBuffer());
}

export interface PhotographedRun {
  readonly runId: string;
  readonly numPhotos: number;
}

/** Run `x-1` in folder `dir`; its dataset lies in `root`. The first photograph is large. */
export async function photographedRun(
  tracker: Tracker,
  { dir, root, numPhotos = 300 }: { readonly dir: string; readonly root: string; readonly numPhotos?: number },
): Promise<PhotographedRun> {
  const artifacts = join(dir, 'artifacts');
  const folder = (key: string, below = ''): string => {
    const path = join(artifacts, key, below);
    mkdirSync(path, { recursive: true });
    return path;
  };
  mkdirSync(root, { recursive: true });
  const photos = Array.from({ length: numPhotos }, (_, index) => ({
    id: index + 1,
    path: join(root, `${index + 1}.png`),
  }));
  for (const [index, { path }] of photos.entries()) await writeSquare(path, index, index === 0 ? 1500 : side);
  const listed = photos.map(({ id, path }) => ({ id, path, meanScore: 1 + (id % 90) / 10, split: 'test' }));
  const stolen = { id: numPhotos + 1, path: join(dir, '..', 'secret.png'), meanScore: 5, split: 'test' };
  const catalog = [...listed, stolen].map((line) => `${JSON.stringify(line)}\n`).join('');
  writeFileSync(join(folder('labeled', 'catalog'), 'labeled-000000000.jsonl'), catalog);

  // Photograph n is wrong by n / 100.
  const predictions = listed.map(({ id, meanScore }) => `${id},${meanScore},${meanScore + id / 100},5,"${id}, or so"`);
  writeFileSync(
    join(folder('score'), 'predictions.csv'),
    `image,target,score,expectation,text\n${predictions.join('\n')}\n`,
  );
  const items = listed.slice(0, 20).map(({ id }) => ({
    id: String(id),
    references: [`people say ${id}`, 'nice <b>light</b>'],
    candidate: `the model says ${id}`,
  }));
  writeFileSync(join(folder('comment'), 'comments.json'), JSON.stringify({ items }));

  const answers = degradationNames.map((degradation, i) => ({
    ...{ photo: 'beach', crop: 0, degradation, right: i % 2 === 0 },
    answer: `remove the ${degradation} .`,
  }));
  for (const [i, degradation] of [null, ...degradationNames].entries())
    await writeSquare(join(folder('degraded'), degradedFile({ photo: 'beach', crop: 0, degradation })), 1000 + i);
  const judged = { judge: 'a model', items: answers.slice(1), unjudged: answers.slice(0, 1) };
  writeFileSync(join(folder('suggest'), 'suggestions.json'), JSON.stringify(judged));

  const originals = [0, 1].map((index) => ({ file: `unlabeled/images/${index}.png`, source: 'studio', subject: null }));
  folder('unlabeled', 'unlabeled/images');
  writeFileSync(join(folder('unlabeled', 'unlabeled'), 'index.json'), JSON.stringify(originals));
  folder('augment', 'images');
  const pairs = originals.map(({ file }, index) => ({
    ...{ index, draw: 0, original: file, augmented: `images/${index}-0.png`, groups: ['quality'] },
    labels: {
      single: [`photo ${index} is blurry .`],
      augmentedFirst: ['the first is blurrier .'],
      augmentedSecond: ['the second is blurrier .'],
    },
  }));
  for (const { index, original, augmented } of pairs) {
    await writeSquare(join(folder('unlabeled'), original), 2000 + index);
    await writeSquare(join(folder('augment'), augmented), 3000 + index);
  }
  writeFileSync(join(folder('augment'), 'pairs-0.jsonl'), pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));

  const own = { trials: [trial], metrics: {} };
  const stages: RecordedStage[] = [
    { ...own, key: 'labeled', kind: 'data', config: { what: 'labeled', data: { roots: { AVA: root } } } },
    { ...own, key: 'unlabeled', kind: 'data', config: { what: 'unlabeled' } },
    { ...own, key: 'augment', kind: 'augment', inputs: { data: 'unlabeled' } },
    { ...own, key: 'degraded', kind: 'degrade' },
    { ...own, key: 'score', kind: 'evaluate-score', inputs: { data: 'labeled' }, metrics: { PLCC: 0.5 } },
    { ...own, key: 'comment', kind: 'evaluate-comment', inputs: { data: 'labeled' } },
    { ...own, key: 'suggest', kind: 'evaluate-suggest', inputs: { degraded: 'degraded' } },
  ];
  const { id } = recordRun(tracker, { resolved: { rows: [] }, trials: [trial], stages, artifacts });
  tracker.endRun(id, 'succeeded');
  return { runId: id, numPhotos };
}
