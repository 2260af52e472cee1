import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataItems, datasetNames, nano, readDataFile, type DataConfig, type DatasetRoots } from '@calm-orch/core';
import { captionedPhotos, commentedPhotos, datasetFolder, labeledPhotos, unlabeledPhotos } from '../catalog/read.ts';
import { writeCatalog } from '../catalog/write.ts';
import { readAva } from '../ava/read.ts';
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

async function catalogOf(data: DataConfig): Promise<string> {
  const outputDir = freshFolder();
  for (const [i, item] of dataItems(data).entries()) await writeCatalog({ data, item, first: i === 0, outputDir });
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
  const data = (): DataConfig => ({ ...nano.data, source: 'files', roots, numTrain: 15, numUnlabeled: 1000 });

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
    const comments = commentedPhotos(catalog);
    expect(comments.train.map(({ id }) => id)).toEqual(train.map(({ id }) => id));
    expect(comments.test).toHaveLength(5);
    expect(captionedPhotos(catalog).map(({ id }) => id)).toContain('ShareGPT4V/1');
    expect(datasetFolder(catalog, 'PCCD')).toBe(roots.PCCD);
  });

  it('says which dataset would fill an empty pool', async () => {
    const { AVA, PCCD } = roots as Required<DatasetRoots>;
    const config = { ...data(), roots: { AVA, PCCD } };
    await expect(catalogOf(config)).rejects.toThrow(
      'comments come from AVA-Captions, which the file of --data does not name',
    );
    await expect(
      writeCatalog({ data: config, item: { pool: 'generic', first: 0, count: 1 }, first: false, outputDir: dir }),
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
    write('archive.zip', 'anything');
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
