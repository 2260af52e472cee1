import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { imageNamesIn } from './image-files.ts';
import { loadMask, maskFileOf } from './masks.ts';
import { sharp } from './sharp.ts';

const dir = mkdtempSync(join(tmpdir(), 'calm-orch-masks-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const photo = join(dir, 'a.b.jpg');
const file = join(dir, 'a.b.mask.png');
const write = async (width: number, height: number, channels: 1 | 4 = 1): Promise<void> => {
  const right = Uint8Array.from({ length: width * height * channels }, (_, i) =>
    Math.floor(i / channels) % width < width / 2 ? 0 : 255,
  );
  await sharp(right, { raw: { width, height, channels } }).png().toFile(file);
};

describe('masks', () => {
  it('lie beside photographs and are no photographs', async () => {
    expect(maskFileOf(photo)).toBeNull();
    await write(8, 6);
    writeFileSync(photo, '');
    expect(maskFileOf(photo)).toBe(file);
    expect(imageNamesIn(dir)).toEqual(['a.b.jpg']);
  });

  it('are brought to the photograph, whatever their channels', async () => {
    for (const channels of [1, 4] as const) {
      await write(8, 6, channels);
      const mask = await loadMask(file, { width: 16, height: 12 });
      expect(mask).toHaveLength(16 * 12);
      expect([mask[0], mask[15]]).toEqual([0, 255]);
    }
  });

  it('of another shape or broken are refused by name', async () => {
    await write(6, 8);
    await expect(loadMask(file, { width: 8, height: 6 })).rejects.toThrow(
      /a\.b\.mask\.png: expected the shape.*8x6.*6x8/,
    );
    writeFileSync(file, 'no image');
    await expect(loadMask(file, { width: 8, height: 6 })).rejects.toThrow(/a\.b\.mask\.png: cannot decode/);
  });
});
