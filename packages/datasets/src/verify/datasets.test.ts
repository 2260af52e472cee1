import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  dataItems,
  dataPools,
  datasetNames,
  inputUseText,
  nano,
  type DataConfig,
  type DatasetRoots,
  type InputUse,
} from '@calm-orch/core';
import { readDataFile } from '@calm-orch/core/config';
import {
  captionedPhotos,
  commentedPhotos,
  evaluatedComments,
  evaluatedPhotos,
  labeledPhotos,
  labeledSlice,
  unlabeledPhotos,
} from '../catalog/read.ts';
import { writeCatalog, writeCatalogComments } from '../catalog/write.ts';
import { readAva } from '../ava/read.ts';
import { bestOfValidation } from '../catalog/best-validation.ts';
import { avaCaptionsFile } from '../ava-captions/captions-file.ts';
import { loadImage } from '../images/images.ts';
import { readPexels } from '../pexels/read.ts';
import { readSpaq, writeSpaq } from '../spaq/read.ts';
import { makeDatasets } from '../make/make.ts';
import { useTestFolders } from '../test-folder.test-util.ts';
import { datasetIdentity } from './identity.ts';
import { verifyDatasets } from './verify.ts';

const freshFolder = useTestFolders();
let dir: string;
let roots: DatasetRoots;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-made-'));
  roots = readDataFile(await makeDatasets({ dir, numTrain: 20 }));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function contentOf(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (/\.\w+$/.test(name)) hash.update(name).update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex');
}

/** All parts in one folder. */
async function catalogOf(data: DataConfig): Promise<string> {
  const outputDir = freshFolder();
  writeCatalogComments(data, outputDir);
  for (const item of dataPools.flatMap((pool) => dataItems(data, pool))) await writeCatalog({ data, item, outputDir });
  return outputDir;
}

describe('made datasets', () => {
  it('are the same bytes again, and verify passes on every one, decoded', async () => {
    const again = freshFolder();
    await makeDatasets({ dir: again, numTrain: 20 });
    expect(contentOf(again)).toBe(contentOf(dir));
    const reports = await verifyDatasets(roots, { decode: true });
    expect(reports.map(({ dataset, status, undecodable }) => [dataset, status, undecodable.length])).toEqual(
      datasetNames.map((name) => [name, 'ok', 0]),
    );
    const counts = Object.fromEntries(reports.map((report) => [report.dataset, report.counts]));
    expect(counts['EVA']).toMatchObject({ leaks: 2, photographs: 5 });
    expect(counts['FLICKR-AES']).toMatchObject({ testWorkers: 2, trainWorkers: 4, testImages: 105 });
    expect(counts['LLaVA-Mix665k']).toMatchObject({ textOnly: 1, missingImages: 1 });
    expect(counts['PCCD']).toMatchObject({ malformedScores: 1 });
  });

  it('verify counts no file that macOS or Windows left behind, and names what cannot be read', async () => {
    const copy = freshFolder();
    cpSync(dir, copy, { recursive: true });
    const own = { AVA: join(copy, 'AVA'), 'FLICKR-AES': join(copy, 'FLICKR-AES'), TAD66K: join(copy, 'TAD66K') };
    const before = await verifyDatasets(own);
    const themes = join(own.TAD66K, 'unmerge/train');
    const [theme] = readdirSync(themes);
    const left = [
      ...['._AVA.txt', 'images/._1.jpg', 'images/.DS_Store'].map((name) => join(own.AVA, name)),
      ...['._a.jpg', '.DS_Store', 'Thumbs.db'].map((name) => join(own['FLICKR-AES'], '40K', name)),
      join(own.TAD66K, 'merge/._train.csv'),
      join(themes, `._${theme}`),
    ];
    for (const path of left) writeFileSync(path, '\0\u0005\u0016\u0007\0\u0002\0\0Mac OS X        ');
    expect(await verifyDatasets(own, { decode: true })).toEqual(before);
    symlinkSync('nowhere.jpg', join(own.AVA, 'images/gone.jpg'));
    const [ava] = await verifyDatasets(own, { only: 'AVA' });
    expect(ava).toMatchObject({
      status: 'ok',
      counts: before[0]!.counts,
      warnings: [...before[0]!.warnings, 'AVA: 1 entry is left out: images/gone.jpg (leads nowhere)'],
    });
  });

  it('verify tells broken from absent, and leaks it cannot look for', async () => {
    const broken = freshFolder();
    await makeDatasets({ dir: broken, numTrain: 20 });
    const path = join(broken, 'TAD66K/merge/test.csv');
    appendFileSync(path, 'x.jpg,many\r\n');
    const only = { TAD66K: join(broken, 'TAD66K'), PCCD: join(broken, 'nowhere'), EVA: join(broken, 'EVA') };
    const [pccd, eva, tad] = await verifyDatasets(only);
    expect(pccd).toMatchObject({ dataset: 'PCCD', status: 'absent' });
    expect(eva!.warnings).toEqual(['EVA: AVA is not named, so its test images cannot be found here']);
    expect(tad).toMatchObject({ dataset: 'TAD66K', status: 'broken' });
    expect(tad!.reason).toMatch(/test\.csv:\d+: expected a number as score, got 'many'/);
  });
});

describe('the catalogue of datasets on this machine', () => {
  const data = (): DataConfig => ({
    ...nano.data,
    source: 'files',
    roots,
    numTrain: 15,
    numVal: 0,
    numUnlabeled: 1000,
  });

  it('are there without what no stage reads: half of AVA’s style lists is a finding', async () => {
    const copy = freshFolder();
    cpSync(roots.AVA!, copy, { recursive: true });
    rmSync(join(copy, 'style_image_lists/train.lab'));
    const [report] = await verifyDatasets({ AVA: copy });
    expect(report).toMatchObject({ status: 'ok', counts: { styleTrain: 0 } });
    expect(report!.warnings).toEqual([
      expect.stringMatching(/^AVA: style lists cannot be used, no stage needs them: /),
    ]);
  });

  it('lists what decodes, at most as many as asked for, and no AVA test image in any training pool', async () => {
    const image = readdirSync(join(dir, 'SPAQ/TestImage'))[0]!;
    const spoilt = join(dir, 'SPAQ/TestImage', image);
    const whole = readFileSync(spoilt);
    writeFileSync(spoilt, whole.subarray(0, whole.length / 2));
    const catalog = await catalogOf(data());
    writeFileSync(spoilt, whole);
    const { testIds } = readAva(roots.AVA!);
    const { train, test } = labeledPhotos(catalog);
    expect([train.length, test.length]).toEqual([15, 5]);
    expect(train.some(({ id }) => testIds.has(id))).toBe(false);
    const pool = unlabeledPhotos(catalog).map(({ file }) => file);
    const avaOrEva = pool.filter((file) => /\/(AVA|EVA)\//.test(file));
    expect(avaOrEva.some((file) => testIds.has(Number(/(\d+)\.jpg$/.exec(file)![1])))).toBe(false);
    expect(pool).not.toContain(spoilt);
    expect(readdirSync(join(catalog, 'catalog'))).toContain('dropped-unlabeled-0.json');
    // 20 of AVA, 5 of EVA and of PCCD, 4 of AADB, ICAA17K, TAD66K and Pexels without their test splits, and of SPAQ
    // without the spoilt one.
    expect(pool).toHaveLength(20 + 2 * 5 + 5 * 4);
    const slice = { first: 3, count: 14 };
    expect(unlabeledPhotos(catalog, slice).map(({ file }) => file)).toEqual(pool.slice(3, 17));
    expect(labeledSlice(catalog, slice)).toEqual([...train, ...test].sort((a, b) => a.id - b.id).slice(3, 17));
    expect(captionedPhotos(catalog, { first: 1, count: 3 })).toEqual(captionedPhotos(catalog).slice(1, 4));
    const comments = commentedPhotos(catalog, catalog);
    expect(comments.train.map(({ id }) => id)).toEqual(train.map(({ id }) => id));
    expect(comments.test).toHaveLength(5);
    expect(captionedPhotos(catalog).map(({ id }) => id)).toContain('ShareGPT4V/1');
  });

  it('takes photographs for choosing out of AVA’s training ids and of every training pool, the same for all seeds', async () => {
    const ava = readAva(roots.AVA!);
    const catalog = await catalogOf({ ...data(), numVal: 2, numTrain: 1000 });
    const { train, val, test } = labeledPhotos(catalog);
    const ids = (photos: readonly { readonly id: number }[]) => photos.map(({ id }) => id);
    const chosen = new Set(ids(val));
    expect(chosen.size).toBe(2);
    expect(ids(ava.train)).toEqual(expect.arrayContaining(ids(val)));
    expect(ids(train)).toEqual(ids(ava.train).filter((id) => !chosen.has(id)));
    expect(ids(test)).toEqual(ids(ava.test));
    const unlabeled = unlabeledPhotos(catalog).flatMap(({ file }) => /(?:AVA|EVA).*?(\d+)\.jpg$/.exec(file)?.[1] ?? []);
    expect(unlabeled.filter((id) => chosen.has(Number(id)))).toEqual([]);
    const comments = commentedPhotos(catalog, catalog);
    expect([ids(comments.val), ids(comments.train)]).toEqual([ids(val), ids(train)]);
    expect(ids(evaluatedPhotos({ data: catalog }, 'val'))).toEqual(ids(val));
    expect(ids(evaluatedComments({ data: catalog, comments: catalog }, 'val'))).toEqual(ids(val));
    const byScore = val.toSorted((a, b) => b.meanScore - a.meanScore || a.id - b.id).map(({ id }) => String(id));
    const best = await bestOfValidation({ roots, numVal: 2 }, 1);
    expect(best.map(({ photo }) => photo)).toEqual(byScore.slice(0, 1));
    await expect(bestOfValidation({ roots, numVal: 0 }, 1)).rejects.toThrow(/no photograph of the val split decodes/);
    const again = await catalogOf({ ...data(), numVal: 2, seed: 5 });
    expect(labeledPhotos(again).val).toEqual(val);
    // Of a small copy a tenth at most.
    expect(labeledPhotos(await catalogOf({ ...data(), numVal: 500 })).val).toEqual(val);
    const none = await catalogOf({ ...data(), numVal: 0 });
    expect(() => evaluatedPhotos({ data: none }, 'val')).toThrow(/no photograph of the val split.*data\.numVal/);
  });

  it('leaves out what later stages cannot decode, and photographs nobody commented, and counts them', async () => {
    const copy = freshFolder();
    cpSync(dir, copy, { recursive: true });
    const own = Object.fromEntries(datasetNames.map((name) => [name, join(copy, name)]));
    const { train } = readAva(own.AVA!);
    const whole = readFileSync(train[1]!.path);
    // The height in the frame's head: more pixels than any photograph may have, the rest as it was.
    const tall = Buffer.from(whole);
    tall.writeUInt32BE(0xffdc_ffdc, whole.indexOf(Buffer.from([0xff, 0xc0])) + 5);
    writeFileSync(train[0]!.path, whole.subarray(0, whole.length / 2));
    writeFileSync(train[1]!.path, tall);
    const file = join(own['AVA-Captions']!, avaCaptionsFile);
    const captions = JSON.parse(readFileSync(file, 'utf8')) as { images: { imgid: number; sentences: unknown[] }[] };
    for (const image of captions.images) if (image.imgid === train[2]!.id) image.sentences = [];
    writeFileSync(file, JSON.stringify(captions));
    const masked = readPexels(own.Pexels!).photos.find(({ split }) => split === 'train')!.path;
    writeFileSync(masked.replace(/\.\w+$/, '.mask.png'), 'no image');

    const catalog = await catalogOf({ ...data(), roots: own, numTrain: 1000 });
    const labelled = labeledPhotos(catalog);
    expect(labelled.train.map(({ id }) => id)).toEqual(train.slice(2).map(({ id }) => id));
    for (const { path } of labelled.train) await loadImage(path);
    const droppedOf = (pool: string): unknown =>
      JSON.parse(readFileSync(join(catalog, `catalog/dropped-${pool}-0.json`), 'utf8'));
    const reasons = [
      { path: train[0]!.path, reason: 'it is damaged or cut short' },
      { path: train[1]!.path, reason: 'expected at most 178956970 pixels' },
    ];
    expect(droppedOf('labeled')).toEqual(reasons);
    expect(droppedOf('unlabeled')).toEqual([
      ...reasons,
      { path: masked, reason: 'its mask: cannot decode it: it has no image format that is read' },
    ]);
    expect(commentedPhotos(catalog, catalog).train.map(({ id }) => id)).not.toContain(train[2]!.id);
    const report = JSON.parse(readFileSync(join(catalog, 'catalog/report.json'), 'utf8')) as Record<string, unknown>;
    expect(report['AVA-Captions']).toMatchObject({ withoutCaptions: 1 });
  });

  it('says of each dataset how many of how many are used, and why not the others, with an example', async () => {
    const copy = freshFolder();
    cpSync(dir, copy, { recursive: true });
    const own = Object.fromEntries(datasetNames.map((name) => [name, join(copy, name)]));
    const train = readAva(own.AVA!).train;
    rmSync(train[0]!.path);
    writeFileSync(join(own.AVA!, 'images/999.jpg'), 'no label');
    const pexels = readPexels(own.Pexels!).photos.find(({ split }) => split === 'train')!;
    writeFileSync(pexels.path, 'version https://git-lfs.github.com/spec/v1\n');
    const catalog = await catalogOf({ ...data(), roots: own, numTrain: 5 });
    const told = ['labeled', 'generic', 'unlabeled'].flatMap((pool) =>
      (JSON.parse(readFileSync(join(catalog, `catalog/use-${pool}.json`), 'utf8')) as InputUse[]).map(inputUseText),
    );
    const beyond = train.length - 1 - 5;
    expect(told[0]).toMatch(
      new RegExp(
        `^AVA: \\d+ of \\d+ labels are used; left out: 1 without an image \\(${train[0]!.id}\\), ${beyond} beyond data.numTrain`,
      ),
    );
    expect(told[1]).toMatch(/^AVA: (\d+) of \d+ images are used; left out: 1 without a label \(999\.jpg\)$/);
    expect(told.find((text) => text.startsWith('LLaVA-Pretrain'))).toMatch(/: (\d+) of \1 conversations are used$/);
    expect(told.find((text) => text.startsWith('Pexels'))).toContain(
      `1 of which it is a Git LFS pointer, not the file itself; run \`git lfs pull\` where it was cloned (${pexels.name})`,
    );
  });

  it('finds a listed photograph whose file writes its accents in another way, and none whose name is hidden', async () => {
    const copy = freshFolder();
    cpSync(join(dir, 'SPAQ'), join(copy, 'SPAQ'), { recursive: true });
    const images = join(copy, 'SPAQ/TestImage');
    const [first, second] = readdirSync(images).sort();
    renameSync(join(images, first!), join(images, 'cafe\u0301.jpg'));
    renameSync(join(images, second!), join(images, '._2.jpg'));
    const names = { [first!]: 'caf\u00e9.jpg', [second!]: '._2.jpg' };
    const rows = (await readSpaq(join(dir, 'SPAQ'))).photos.map((photo) => ({
      name: names[photo.name] ?? photo.name,
      mos: photo.score!,
      attributes: Object.values(photo.attributes),
      scenes: Object.values(photo.scenes),
    }));
    writeSpaq(join(copy, 'SPAQ'), rows);
    const { photos, counts } = await readSpaq(join(copy, 'SPAQ'));
    expect(photos.find(({ name }) => name === 'caf\u00e9.jpg')!.path).toBe(join(images, 'cafe\u0301.jpg'));
    expect(photos.map(({ name }) => name)).not.toContain('._2.jpg');
    expect(counts).toMatchObject({ photographs: rows.length, missingImages: 1 });
  });

  it('says which dataset would fill an empty pool', async () => {
    const { AVA, PCCD } = roots as Required<DatasetRoots>;
    const config = { ...data(), roots: { AVA, PCCD } };
    await expect(catalogOf(config)).rejects.toThrow(
      'comments come from AVA-Captions, which the file of --data does not name',
    );
    await expect(
      writeCatalog({ data: config, item: { pool: 'generic', first: 0, count: 1 }, outputDir: dir }),
    ).rejects.toThrow('there is no captioned photograph; they come from LLaVA-Pretrain, ShareGPT4V');
  });
});

describe('the identity of a dataset', () => {
  it('changes with a byte of a label file and the time of an image, and with nothing else', () => {
    const folder = freshFolder();
    const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    write('labels.csv', 'a,1');
    write('a.jpg', 'x');
    utimesSync(join(folder, 'a.jpg'), 1000, 1000);
    const identity = () => datasetIdentity('X', folder).identity;
    const first = identity();
    for (const name of ['archive.zip', 'archive.zip.001', 'README.md', 'LICENSE']) write(name, 'anything');
    utimesSync(join(folder, 'labels.csv'), 5, 5);
    expect(identity()).toEqual(first);
    write('labels.csv', 'a,2');
    expect(identity()).toEqual({
      ...first,
      labels: expect.not.stringMatching(first.labels) as string,
    });
    write('labels.csv', 'a,1');
    utimesSync(join(folder, 'a.jpg'), 1000, 1001);
    expect(identity()).toEqual({
      ...first,
      images: expect.not.stringMatching(first.images) as string,
    });
  });

  it('covers photographs whatever the ending of their names, as readers know them by their content', () => {
    const folder = freshFolder();
    for (const name of ['a.jfif', 'b.jpe', '1234', 'c.avif', 'd.ppm']) {
      writeFileSync(join(folder, name), 'x');
      const before = datasetIdentity('X', folder).identity.images;
      writeFileSync(join(folder, name), 'xy');
      expect(datasetIdentity('X', folder).identity.images).not.toBe(before);
    }
  });

  it('asks for the hash of each label file, and may be answered from memory', () => {
    const folder = freshFolder();
    for (const name of ['a.csv', 'b.json', 'c.jpg']) writeFileSync(join(folder, name), name);
    const asked: string[] = [];
    const remembered = (path: string): string => {
      asked.push(path);
      return createHash('sha256').update(readFileSync(path)).digest('hex');
    };
    expect(datasetIdentity('X', folder, remembered)).toEqual(datasetIdentity('X', folder));
    expect(asked).toEqual(['a.csv', 'b.json'].map((name) => join(folder, name)));
    expect(datasetIdentity('X', folder, () => 'another').identity).not.toEqual(datasetIdentity('X', folder).identity);
  });

  it('follows links, and names those that lead in a circle or nowhere', () => {
    const folder = freshFolder();
    const elsewhere = freshFolder();
    writeFileSync(join(elsewhere, 'a.jpg'), 'x');
    const empty = datasetIdentity('X', folder);
    symlinkSync(elsewhere, join(folder, 'images'));
    const { identity } = datasetIdentity('X', folder);
    expect(identity.images).not.toBe(empty.identity.images);
    symlinkSync(folder, join(folder, 'again'));
    symlinkSync('gone.csv', join(folder, 'labels.csv'));
    writeFileSync(join(folder, '._labels.csv'), 'Mac OS X');
    expect(datasetIdentity('X', folder)).toEqual({
      identity,
      note: `X, ${folder}: 2 entries are left out: again (leads to a folder above it), labels.csv (leads nowhere)`,
    });
    expect(() => datasetIdentity('X', join(folder, 'none'))).toThrow(/X: no folder .*none; correct its root/);
  });
});
