import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataItems, nano, rng, type DataConfig, type StageContext } from '@calm-orch/core';
import { readAva, writeStudioImages, writeStudioList } from '@calm-orch/datasets';
import { writeTapsPart } from '@calm-orch/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baselines } from './baselines.ts';

const data: DataConfig = { ...nano.data, imageSize: 32, numTrain: 120, numTest: 60, numGeneric: 1, numUnlabeled: 1 };
const root = mkdtempSync(join(tmpdir(), 'calm-orch-baselines-'));
const dataDir = join(root, 'data');
const encodeDir = join(root, 'encode');
afterAll(() => rmSync(root, { recursive: true, force: true }));

const [tokens, width] = [5, 4];

/** Hidden states of which layer 1 tells the score in a channel's mean, layer 2 in a deviation, layer 3 not at all. */
function writeStates(): void {
  const { train, test } = readAva(join(dataDir, 'AVA'));
  const photos = [...train, ...test];
  const random = rng('baselines.test');
  const noise = (): number => random.normal(0, 0.1);
  const statesOf = (value: (score: number, token: number, channel: number) => number): Float32Array =>
    Float32Array.from(
      photos.flatMap(({ meanScore }) =>
        Array.from({ length: tokens * width }, (_, i) => value(meanScore, Math.floor(i / width), i % width)),
      ),
    );
  const states = new Map([
    [1, statesOf((score, _, channel) => (channel === 2 ? score : 0) + noise())],
    [2, statesOf((score, token, channel) => (channel === 3 ? score * (token - 2) : 0) + noise())],
    [3, statesOf(noise)],
  ]);
  writeTapsPart(encodeDir, 0, { ids: photos.map(({ id }) => String(id)), layers: [1, 2, 3], tokens, width }, states);
}

function contextOf(taps: Record<string, number>, signal = new AbortController().signal): StageContext {
  return {
    stage: { key: 'k', kind: 'baselines', config: { taps, data } },
    item: 0,
    inputs: { data: dataDir, encodeLabeled: encodeDir },
    outputDir: join(root, 'output'),
    checkpointDir: join(root, 'checkpoints'),
    checkpointEveryMs: 1000,
    signal,
    report: () => undefined,
    now: () => 0,
  };
}

describe('stage baselines', () => {
  beforeAll(async () => {
    await writeStudioList({ part: 'labeled', data, outputDir: dataDir });
    for (const item of dataItems(data, 'labeled')) await writeStudioImages({ data, item, outputDir: dataDir });
    writeStates();
  });

  it('measures the ridge on traits, pixels, the last layer, all taps, each tap and each tap with the last', async () => {
    const { metrics } = await baselines(contextOf({ low: 1, middle: 2, high: 3, thematic: 3 }));
    const plain = ['latent traits', 'pixel statistics', 'last layer', 'tapped layers'];
    const names = [...plain, 'layer 1', 'layer 2', 'layer 3', 'layers 1+3', 'layers 2+3'];
    expect(Object.keys(metrics!)).toEqual(names.flatMap((name) => [`ridge ${name}/PLCC`, `ridge ${name}/SRCC`]));
    expect(metrics!['ridge layers 1+3/PLCC']).toBeGreaterThan(0.9);
    expect(metrics!['ridge latent traits/PLCC']).toBeGreaterThan(0.85);
    expect(metrics!['ridge layer 1/PLCC']).toBeGreaterThan(0.95);
    expect(metrics!['ridge layer 2/SRCC']).toBeGreaterThan(0.95);
    expect(metrics!['ridge tapped layers/PLCC']).toBeGreaterThan(0.95);
    expect(Math.abs(metrics!['ridge last layer/PLCC']!)).toBeLessThan(0.4);
    expect(metrics!['ridge last layer/PLCC']).toBe(metrics!['ridge layer 3/PLCC']);
  });

  it('keeps what was fitted in baselines.json', async () => {
    const { metrics } = await baselines(contextOf({ low: 1, middle: 1, high: 1, thematic: 1 }));
    const written = JSON.parse(readFileSync(join(root, 'output', 'baselines.json'), 'utf8')) as unknown[];
    expect(written[0]).toMatchObject({ name: 'ridge latent traits', features: 7, train: 120, test: 60 });
    expect(written.at(-1)).toMatchObject({ name: 'ridge layer 1', features: 8, PLCC: metrics!['ridge layer 1/PLCC'] });
  });

  it('gives the same numbers each time', async () => {
    const context = contextOf({ low: 1, middle: 2, high: 3, thematic: 3 });
    expect(await baselines(context)).toEqual(await baselines(context));
  });

  it('says which layer is not encoded', async () => {
    const missing = baselines(contextOf({ low: 1, middle: 2, high: 4, thematic: 4 }));
    await expect(missing).rejects.toThrow(/layer 4 is tapped but only 1, 2, 3 are encoded/);
  });

  it('stops when cancelled', async () => {
    const cancelled = baselines(contextOf({ low: 1, middle: 2, high: 3, thematic: 3 }, AbortSignal.abort()));
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
  });
});
