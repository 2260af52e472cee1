// Damaged photographs and masks: cut short, shuffled, spoilt, with another size in their head. They decode or are refused by
// name; nothing else is thrown, nothing hangs, memory stays bounded.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CalmError, rng } from '@calm-orch/core';
import { checkImage } from './check-image.ts';
import { loadImage } from './images.ts';
import { loadMask } from './masks.ts';
import { sharp } from './sharp.ts';

const dir = mkdtempSync(join(tmpdir(), 'calm-orch-image-fuzz-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const numDamages = 40;
const maxMs = 5000;
const maxGrowthBytes = 300 << 20;
const [width, height] = [96, 64];

/** A photograph with structure, so that its file has many bytes that matter. */
const photo = sharp(
  Uint8Array.from(
    { length: 3 * width * height },
    (_, i) => (i * i + (i >> 4) * 7 + rng('photo', i >> 6).int(60)) & 255,
  ),
  { raw: { width, height, channels: 3 } },
);

const formats = {
  jpg: () => photo.clone().jpeg(),
  'progressive.jpg': () => photo.clone().jpeg({ progressive: true }),
  png: () => photo.clone().png(),
  webp: () => photo.clone().webp(),
  gif: () => photo.clone().gif(),
  tif: () => photo.clone().tiff(),
};

function damaged(bytes: Buffer, name: string, round: number): Buffer {
  const random = rng('image fuzz', name, round);
  const copy = Buffer.from(bytes);
  const from = random.int(copy.length);
  const to = Math.min(copy.length, from + 1 + random.int(200));
  switch (round % 5) {
    case 0:
      return copy.subarray(0, from);
    case 1:
      copy.set(random.shuffle([...copy.subarray(from, to)]), from);
      return copy;
    case 2:
      for (let i = 0; i < 5; i++) copy[random.int(copy.length)] = random.int(256);
      return copy;
    case 3:
      // The head holds sizes and counts: what asks for memory.
      for (let i = 0; i < 3; i++) copy[random.int(Math.min(64, copy.length))] = 255;
      return copy;
    default:
      return Buffer.concat([copy.subarray(0, to), copy.subarray(from)]);
  }
}

describe.each(Object.entries(formats))('a damaged %s', (name, encode) => {
  it('decodes or is refused by name', async () => {
    const whole = await encode().toBuffer();
    const path = join(dir, `x.${name}`);
    writeFileSync(path, whole);
    expect(await checkImage(path)).toBeNull();
    const outcomes = { read: 0, refused: 0 };
    const before = process.memoryUsage().rss;
    for (let round = 0; round < numDamages; round++) {
      writeFileSync(path, damaged(whole, name, round));
      const start = performance.now();
      try {
        const image = await loadImage(path, { shorterSide: 32 });
        expect(image.data).toHaveLength(3 * image.width * image.height);
        outcomes.read += 1;
      } catch (error) {
        if (!(error instanceof CalmError)) throw new Error(`${name} in round ${round}`, { cause: error });
        expect(error.code).toBe('bad_data');
        expect(error.message).toContain(path);
        outcomes.refused += 1;
      }
      await loadMask(path, { width, height }).catch((error: unknown) => {
        if (!(error instanceof CalmError)) throw new Error(`mask ${name} in round ${round}`, { cause: error });
        expect(error.message).toContain(path);
      });
      expect(performance.now() - start).toBeLessThan(maxMs);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(maxGrowthBytes);
    expect(outcomes.refused).toBeGreaterThan(numDamages / 10);
  });
});
