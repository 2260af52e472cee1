// What a trial's photographs are, and that no picture is given out that the run does not list.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { layoutOf } from '@calm-orch/coordinator/layout';
import { loadImage } from '@calm-orch/datasets';
import { openTracker, type Tracker } from '@calm-orch/tracker';
import { pagePhotographs } from './page-photographs.ts';
import { colorAt, photographedRun } from './photographed-run.test-util.ts';

const trial = { row: 'all', seed: 0 };
const numPhotos = 30;
let base: string;
let tracker: Tracker;
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'calm-orch-photographs-'));
  mkdirSync(join(base, 'runs'));
  writeFileSync(join(base, 'secret.png'), 'a secret');
  tracker = openTracker(join(base, 'runs'));
  await photographedRun(tracker, { dir: join(base, 'runs'), root: join(base, 'AVA'), numPhotos });
});
afterAll(() => {
  tracker.close();
  rmSync(base, { recursive: true, force: true });
});

const sources = () => pagePhotographs(layoutOf(join(base, 'runs')));
const stageOf = (key: string) => tracker.listRunStages('x-1').find((stage) => stage.key === key)!;

async function colorOf(stage: string, index: number): Promise<{ type: string; side: number; color: number[] }> {
  const { type, bytes } = await sources().picture(stageOf(stage), index);
  const path = join(base, 'shown');
  writeFileSync(path, bytes);
  const { data, width } = await loadImage(path);
  return { type, side: width, color: [...data.subarray(0, 3)] };
}

test('test photographs have truth, prediction, answer, comment and what people said', async () => {
  const all = await sources().test(tracker, 'x-1', trial);
  expect(all).toHaveLength(numPhotos);
  expect(all[6]).toEqual({
    ...{ id: '7', picture: { stage: 'labeled', index: 6 }, target: 1.7, prediction: 1.77, answer: '7, or so' },
    ...{ comment: 'the model says 7', references: ['people say 7', 'nice <b>light</b>'] },
  });
  expect(all.at(-1)).toMatchObject({ comment: null, references: [] });
  expect(await sources().test(tracker, 'x-1', { row: 'other', seed: 0 })).toEqual([]);
});

test('suggestions stand beside the photograph as it was and degraded, and what both judges say', async () => {
  const found = await sources().suggestions(tracker, 'x-1', trial);
  expect(found!.judge).toBe('a model');
  const noise = found!.answers.find(({ degradation }) => degradation === 'noise')!;
  expect(noise).toMatchObject({ answer: 'remove the noise .', right: null, keywords: true });
  // As it is and degraded, in order of their files' names.
  expect((await colorOf('degraded', noise.original!.index)).color).toEqual(colorAt(1000));
  expect((await colorOf('degraded', noise.picture!.index)).color).toEqual(colorAt(1001));
});

test('augmented pairs come in parts, each with both pictures and its sentences', async () => {
  const found = await sources().pairs(tracker, 'x-1', trial, { offset: 1, limit: 5 });
  expect(found!.total).toBe(2);
  const [pair] = found!.pairs;
  expect(pair!.sentences).toEqual({
    single: ['photo 1 is blurry .'],
    augmentedFirst: ['the first is blurrier .'],
    augmentedSecond: ['the second is blurrier .'],
  });
  expect((await colorOf(pair!.original!.stage, pair!.original!.index)).color).toEqual(colorAt(2001));
  expect((await colorOf(pair!.augmented.stage, pair!.augmented.index)).color).toEqual(colorAt(3001));
});

test('small pictures come as they are, large ones smaller', async () => {
  expect(await colorOf('labeled', 6)).toEqual({ type: 'image/png', side: 48, color: [...colorAt(6)] });
  expect(await colorOf('labeled', 0)).toMatchObject({ type: 'image/jpeg', side: 1024 });
});

test('only what a stage lists is given out, and nothing outside its artifact and its datasets', async () => {
  const refused = async (stage: string, index: number): Promise<string> =>
    sources()
      .picture(stageOf(stage), index)
      .then(
        () => 'it was given out',
        (error: Error) => error.message,
      );
  // The catalogue's last line names a file outside the dataset.
  expect(await refused('labeled', numPhotos)).toMatch(/lists no photograph/);
  expect(await refused('labeled', numPhotos + 1)).toMatch(/lists no photograph/);
  expect(await refused('score', 0)).toMatch(/lists no photograph/);
  writeFileSync(join(base, 'AVA', '9.png'), '<script>alert(1)</script>');
  expect(await refused('labeled', 8)).toMatch(/cannot decode image/);
  rmSync(join(base, 'AVA', '10.png'));
  expect(await refused('labeled', 9)).toMatch(/no image/);
});
