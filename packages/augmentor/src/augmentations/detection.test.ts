import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { carriedPhotosDir, type Box } from '@calm-orch/datasets';
import { describe, expect, it, test } from 'vitest';
import { loadAsSeen } from './as-seen.ts';
import { detectMainObject, mainObject, readDetectorFiles } from './detection.ts';

const near = ({ x, y, width, height }: Box, [left, top, right, bottom]: number[]): void => {
  const edges = [left! - x, top! - y, right! - x - width, bottom! - y - height];
  for (const distance of edges) expect(Math.abs(distance)).toBeLessThan(0.05);
};

describe('the detector', () => {
  it('finds what a photograph is of, and says where it finds nothing', async () => {
    const boxIn = async (file: string): Promise<Box | null> => {
      const path = join(carriedPhotosDir, file);
      return detectMainObject((await loadAsSeen({ path, mask: null, side: 560, fit: 'crop' })).image);
    };
    // Seen by eye: the photographer with his camera; one of two dogs; a sea at sunset without anybody.
    near((await boxIn('camera.jpg'))!, [0, 0.12, 0.58, 1]);
    near((await boxIn('friends.jpg'))!, [0.46, 0.41, 0.69, 0.75]);
    expect(await boxIn('sunset.jpg')).toBeNull();
    expect(await boxIn('friends.jpg')).toEqual(await boxIn('friends.jpg'));
  });
});

describe('the main object', () => {
  it('is large and certain, inside the photograph, and not all of it', () => {
    const of = (score: number, left: number, top: number, right: number, bottom: number) => ({
      score,
      left,
      top,
      right,
      bottom,
    });
    const dog = of(0.4, -0.1, 0.5, 0.4, 1.2);
    expect(mainObject([of(0.9, 0, 0, 1, 1), of(0.6, 0.1, 0.1, 0.15, 0.15), of(0.2, 0.2, 0.2, 0.8, 0.8), dog])).toEqual({
      x: 0,
      y: 0.5,
      width: 0.4,
      height: 0.5,
    });
    expect(mainObject([dog, of(0.7, 0.4, 0.4, 0.8, 0.8)])).toMatchObject({ x: 0.4 });
    expect(mainObject([of(0.9, 0.8, 0.8, 0.2, 0.2), of(NaN, 0.2, 0.2, 0.8, 0.8)])).toBeNull();
    expect(mainObject([])).toBeNull();
  });
});

test('a package that is missing or another version is told, with what to do', () => {
  const missing = (): never => {
    throw new Error('Cannot find module');
  };
  const asked = (resolve: () => string) => () => readDetectorFiles(resolve);
  expect(asked(missing)).toThrow(
    /augment\.foreground: detection needs .*human; run `npm install @vladmandic\/human@3\.3\.6`, or set augment\.foreground: saliency/,
  );
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-detector-'));
  try {
    mkdirSync(join(dir, 'models'));
    for (const name of ['centernet.json', 'centernet.bin']) writeFileSync(join(dir, 'models', name), '{}');
    expect(asked(() => join(dir, 'dist/main.js'))).toThrow(/models\/centernet\.json is not that of version 3\.3\.6/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
