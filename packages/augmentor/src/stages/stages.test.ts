import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashOf, nano, sha256, type DataConfig, type Json, type StageContext, type StageKind } from '@calm-orch/core';
import { resolveTrial } from '@calm-orch/core/config';
import {
  avaCaptionsFile,
  carriedPhotosDir,
  clipSquare,
  heldOutPhotos,
  loadImage,
  makeDatasets,
  readAva,
  readAvaCaptions,
  readConversations,
  sharp,
  unlabeledPhotos,
  vocabularyWords,
  type UnlabeledEntry,
} from '@calm-orch/datasets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { augment } from './augment.kind.ts';
import { data as dataKinds } from './data.kind.ts';
import { kinds } from './index.ts';
import type { RecordedPair } from './augment.ts';

const trial = resolveTrial('nano', [], 0);
const tiny: DataConfig = { ...nano.data, imageSize: 32, numTrain: 200, numTest: 60, numGeneric: 20, numUnlabeled: 255 };
const root = mkdtempSync(join(tmpdir(), 'calm-orch-stages-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function runItem(
  kind: StageKind,
  config: unknown,
  item: number,
  inputs: Record<string, string>,
  outputDir: string,
) {
  const stage = await kinds.find((definition) => definition.kind === kind)!.load();
  const context: StageContext = {
    stage: { key: kind, kind, config: config as Json },
    item,
    inputs,
    outputDir,
    checkpointDir: join(root, 'checkpoints'),
    checkpointEveryMs: 1000,
    signal: new AbortController().signal,
    report: () => undefined,
    now: () => 0,
  };
  return stage(context);
}

/** Parts of the data that do not stand in each other's way, in one folder. */
const inOneFolder = dataKinds.filter(({ variant }) => variant !== 'questions' && variant !== 'validation');

async function runData(data: DataConfig, dir: string, order = forwards, unlabeledSide?: number): Promise<void> {
  for (const { variant: what, numItems } of inOneFolder)
    for (const item of order(numItems!({ ...trial, data })))
      await runItem('data', { what, data, ...(what === 'unlabeled' && { unlabeledSide }) }, item, {}, dir);
}

async function runAll(name: string, data: DataConfig, order: (numItems: number) => number[]): Promise<string> {
  const dir = join(root, name);
  await runData(data, join(dir, 'data'), order, 80);
  const config = { augment: nano.augment, imageSize: 32, fit: 'crop' };
  for (const item of order(augment.numItems!({ ...trial, data }))) {
    await runItem('augment', config, item, { data: join(dir, 'data') }, join(dir, 'augment'));
  }
  return dir;
}

/** Every file below a folder with the hash of its bytes. */
function contentOf(dir: string): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(dir.length), sha256(readFileSync(path))]));
}

const forwards = (numItems: number): number[] => Array.from({ length: numItems }, (_, i) => i);
let dir: string;
beforeAll(async () => {
  dir = await runAll('first', tiny, forwards);
});

/** A mask that marks all but the left edge. */
const halfMask = (width: number, height: number): Promise<Buffer> => {
  const data = Uint8Array.from({ length: width * height }, (_, pixel) => (pixel % width < 2 ? 0 : 255));
  return sharp(data, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer();
};

const pairsOf = (folder: string): RecordedPair[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith('pairs-'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as RecordedPair)
    .sort((a, b) => a.index - b.index || a.draw - b.draw);

describe('stages data and augment', () => {
  it('give the same bytes when items run in another order and again', async () => {
    const other = await runAll('second', tiny, (numItems) => [...forwards(numItems).reverse(), 0]);
    expect(hashOf(contentOf(other))).toBe(hashOf(contentOf(dir)));
  });

  it('write data sets the readers read: counts, splits, images that decode', async () => {
    const ava = readAva(join(dir, 'data/AVA'));
    expect(ava.counts).toMatchObject({
      train: 200,
      test: 60,
      missingImages: 0,
      unreadableImages: 0,
      testWithoutLabel: 0,
    });
    const captions = readAvaCaptions(join(dir, 'data/AVA-Captions', avaCaptionsFile), ava);
    expect(captions.counts).toMatchObject({ train: 200, test: 60, leaks: 0, unknown: 0 });
    const words = new Set(vocabularyWords());
    const conversations = [...readConversations(join(dir, 'data/LLaVA-Pretrain/blip_laion_cc_sbu_558k.json'))];
    expect(conversations).toHaveLength(20);
    for (const { image, turns } of conversations) {
      expect(await loadImage(join(dir, 'data/LLaVA-Pretrain/images', image!))).toMatchObject({ width: 32, height: 32 });
      for (const word of turns[1]!.value.split(' ')) expect(words).toContain(word);
    }
    const traits = readFileSync(join(dir, 'data/studio/traits.csv'), 'utf8').trim().split('\n');
    expect(traits).toHaveLength(261);
    expect(traits[0]).toBe('image_id,sharpness,noise,exposure,color,contrast,placement,clutter');
  });

  it('test on the same ids whatever the seed', async () => {
    const data = { ...tiny, numUnlabeled: 1, numGeneric: 1, seed: 7 };
    await runItem('data', { what: 'labeled', data }, 0, {}, join(root, 'seed'));
    const list = 'AVA/aesthetics_image_lists/generic_test.jpgl';
    expect(readFileSync(join(root, 'seed', list), 'utf8')).toBe(readFileSync(join(dir, 'data', list), 'utf8'));
    const avaText = (folder: string): string => readFileSync(join(folder, 'AVA/AVA.txt'), 'utf8');
    expect(avaText(join(root, 'seed'))).not.toBe(avaText(join(dir, 'data')));
  });

  it('index the unlabelled pool, credit photographs and name those held out', () => {
    const index = JSON.parse(readFileSync(join(dir, 'data/unlabeled/index.json'), 'utf8')) as UnlabeledEntry[];
    expect(index).toHaveLength(255);
    const photos = index.filter(({ source }) => source === 'photo');
    expect(photos).toHaveLength(38);
    for (const { credit, subject } of photos) {
      expect(credit).toMatch(/CC|public domain/);
      expect(subject).toBeNull();
    }
    for (const { source, subject } of index) if (source === 'studio') expect(subject!.width).toBeGreaterThan(0);
    const files = new Set(readdirSync(join(dir, 'data/unlabeled/images')).map((name) => `unlabeled/images/${name}`));
    expect(files).toEqual(new Set(index.map(({ file }) => file)));
    const manifest = JSON.parse(readFileSync(join(dir, 'data/manifest-data.json'), 'utf8')) as {
      credits: { name: string }[];
      heldOutPhotographs: { names: string[] };
    };
    expect(manifest.heldOutPhotographs.names).toEqual(heldOutPhotos.map(({ name }) => name));
    for (const { name } of manifest.credits) expect(manifest.heldOutPhotographs.names).not.toContain(name);
  });

  it('pair each unlabelled photograph with an augmented one and say what changed', async () => {
    const pairs = pairsOf(join(dir, 'augment'));
    expect(pairs.map(({ index }) => index)).toEqual(forwards(255));
    for (const { augmentations, groups, labels } of pairs) {
      expect(augmentations.length).toBeGreaterThanOrEqual(1);
      expect(augmentations.length).toBeLessThanOrEqual(3);
      expect(groups).toEqual([...new Set(augmentations.map(({ group }) => group))].sort());
      for (const texts of [labels.single, labels.augmentedFirst, labels.augmentedSecond]) expect(texts).toHaveLength(3);
    }
    const { original, augmented } = pairs[254]!;
    const before = await loadImage(join(dir, 'data', original));
    const after = await loadImage(join(dir, 'augment', augmented));
    expect([before.width, before.height]).toEqual([80, 80]);
    expect([after.width, after.height]).toEqual([32, 32]);
    expect(after.data).not.toEqual(clipSquare(before, 32).data);
  });

  it('give a photograph as many copies as draws, the first the same however many', async () => {
    const draws = 3;
    const config = { augment: { ...nano.augment, draws }, imageSize: 32, fit: 'crop' };
    const last = augment.numItems!({ ...trial, data: tiny }) - 1;
    await runItem('augment', config, last, { data: join(dir, 'data') }, join(root, 'draws'));
    const [pairs, once] = [pairsOf(join(root, 'draws')), pairsOf(join(dir, 'augment'))];
    const indices = [...new Set(pairs.map(({ index }) => index))];
    expect(pairs.map(({ index, draw }) => [index, draw])).toEqual(
      indices.flatMap((index) => [0, 1, 2].map((draw) => [index, draw])),
    );
    expect(pairs.filter(({ draw }) => draw === 0)).toEqual(once.slice(indices[0]));
    const image = (folder: string, name: string): string => sha256(readFileSync(join(folder, name)));
    for (const { index, augmented } of once.slice(indices[0]))
      expect(image(join(root, 'draws'), augmented), String(index)).toBe(image(join(dir, 'augment'), augmented));
    expect(new Set(pairs.map(({ augmented }) => image(join(root, 'draws'), augmented))).size).toBe(pairs.length);
  });

  it('say darker, not dark, where the copy is not dark, and the other way round', () => {
    const singles = pairsOf(join(dir, 'augment')).flatMap(({ augmentations, labels }) =>
      augmentations.some(({ attribute }) => attribute === 'darker') ? labels.single : [],
    );
    const saying = (words: RegExp): number => singles.filter((text) => words.test(text)).length;
    expect(saying(/\bdarker\b/)).toBeGreaterThan(10);
    expect(saying(/\b(dark|underexposed)\b/)).toBeGreaterThan(10);
    expect(saying(/\b(darker|dark|underexposed)\b/)).toBe(singles.length);
  });

  it('let a user’s photographs join the pool, skipping broken and held-out ones by name', async () => {
    const folder = join(root, 'mine');
    mkdirSync(folder);
    copyFileSync(join(carriedPhotosDir, 'test-only/chelsea.jpg'), join(folder, 'cat.jpg'));
    copyFileSync(join(carriedPhotosDir, 'china.jpg'), join(folder, 'temple.jpg'));
    writeFileSync(join(folder, 'temple.mask.png'), await halfMask(64, 43));
    writeFileSync(join(folder, 'broken.jpg'), readFileSync(join(carriedPhotosDir, 'china.jpg')).subarray(0, 20000));
    const data = { ...tiny, numTrain: 8, numTest: 2, numGeneric: 2, numUnlabeled: 40, unlabeledDir: folder };
    await runData(data, join(root, 'user'));
    const index = JSON.parse(readFileSync(join(root, 'user/unlabeled/index.json'), 'utf8')) as UnlabeledEntry[];
    expect(new Set(index.flatMap(({ source, credit }) => (source === 'user' ? [credit] : [])))).toEqual(
      new Set(['temple.jpg']),
    );
    for (const { source, mask } of index) expect(mask !== undefined).toBe(source === 'user');
    const config = { augment: { ...nano.augment, groups: ['subject'] }, imageSize: 32, fit: 'crop' };
    await runItem('augment', config, 0, { data: join(root, 'user') }, join(root, 'user-augment'));
    const sources = pairsOf(join(root, 'user-augment')).map(({ foreground }) => foreground!.source);
    expect(sources).toEqual(
      index.map(({ source, mask }) => (mask ? 'mask' : source === 'studio' ? 'known' : 'saliency')),
    );
    const written = readdirSync(join(root, 'user/unlabeled/images')).map((name) => `unlabeled/images/${name}`);
    expect(new Set(written)).toEqual(new Set(index.map(({ file }) => file)));
    const { skippedPhotographs } = JSON.parse(readFileSync(join(root, 'user/manifest-data.json'), 'utf8')) as {
      skippedPhotographs: { file: string; reason: string }[];
    };
    expect(skippedPhotographs.map(({ file }) => file).sort()).toEqual(['broken.jpg', 'cat.jpg']);
  });

  it('take what a detector finds before a guess, and the guess where it finds nothing', async () => {
    const folder = join(root, 'found');
    mkdirSync(folder);
    copyFileSync(join(carriedPhotosDir, 'camera.jpg'), join(folder, 'man.jpg'));
    copyFileSync(join(carriedPhotosDir, 'sunset.jpg'), join(folder, 'sea.jpg'));
    const data = {
      ...tiny,
      imageSize: 64,
      numTrain: 8,
      numTest: 2,
      numGeneric: 2,
      numUnlabeled: 30,
      unlabeledDir: folder,
    };
    const artifact = join(root, 'found-data');
    await runData(data, artifact, forwards, 160);
    const augment = { ...nano.augment, groups: ['subject'], foreground: 'detection' };
    await runItem(
      'augment',
      { augment, imageSize: 64, fit: 'crop' },
      0,
      { data: artifact },
      join(root, 'found-augment'),
    );
    const sourcesOf = (credit: string): (string | undefined)[] => {
      const index = JSON.parse(readFileSync(join(artifact, 'unlabeled/index.json'), 'utf8')) as UnlabeledEntry[];
      const pairs = pairsOf(join(root, 'found-augment'));
      return pairs.flatMap(({ foreground }, i) => (index[i]!.credit === credit ? foreground!.source : []));
    };
    expect(sourcesOf('man.jpg')).toContain('detection');
    expect(new Set(sourcesOf('sea.jpg'))).toEqual(new Set(['saliency']));
  });

  it('look for a mask beside a photograph of a dataset when it is augmented, not before', async () => {
    const made = join(root, 'made');
    await makeDatasets({ dir: made, numTrain: 10 });
    const roots = Object.fromEntries(
      (['AVA', 'AVA-Captions', 'LLaVA-Pretrain', 'EVA', 'SPAQ'] as const).map((name) => [name, join(made, name)]),
    );
    const files = {
      ...tiny,
      source: 'files' as const,
      roots,
      numTrain: 8,
      numTest: 2,
      numGeneric: 2,
      numUnlabeled: 24,
    };
    const artifact = join(root, 'files');
    await runData(files, artifact);
    const pool = unlabeledPhotos(artifact);
    expect(pool.length).toBeGreaterThan(12);
    const maskOf = (file: string): string => file.replace(/\.[^.]+$/, '.mask.png');
    const masked = new Set(pool.filter((_, i) => i % 3 === 0).map(({ file }) => file));
    for (const file of masked) {
      const { width, height } = await sharp(file).metadata();
      writeFileSync(maskOf(file), await halfMask(width, height));
    }
    const config = { augment: { ...nano.augment, groups: ['subject'] }, imageSize: 32, fit: 'crop' };
    await runItem('augment', config, 0, { data: artifact }, join(root, 'files-augment'));
    const pairs = pairsOf(join(root, 'files-augment'));
    expect(pairs.map(({ original, foreground }) => [original, foreground!.source])).toEqual(
      pool.map(({ file }) => [file, masked.has(file) ? 'mask' : 'saliency']),
    );
    // The masks mark all but the left edge, and are no photographs themselves.
    for (const { foreground } of pairs)
      if (foreground!.source === 'mask') expect(foreground!.box.width).toBeGreaterThan(0.8);
    expect(pool.some(({ file }) => file.endsWith('.mask.png'))).toBe(false);
    const [broken] = masked;
    writeFileSync(maskOf(broken!), 'no image');
    await expect(runItem('augment', config, 0, { data: artifact }, join(root, 'broken-augment'))).rejects.toThrow(
      /mask .*\.mask\.png: cannot decode it/,
    );
  });

  it('refuse an item that does not exist and an augmentation of no group', async () => {
    await expect(runItem('data', { what: 'labeled', data: tiny }, 99, {}, join(root, 'none'))).rejects.toThrow(
      'expected an item below',
    );
    const config = { augment: { ...nano.augment, groups: [] }, imageSize: 32, fit: 'crop' };
    await expect(runItem('augment', config, 0, { data: join(dir, 'data') }, join(root, 'none'))).rejects.toThrow(
      'augment.groups is empty',
    );
  });
});
