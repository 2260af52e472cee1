// Against imagecorruptions' own results (fixtures/README.md).
import { readFileSync } from 'node:fs';
import { rng } from '@calm-orch/core';
import type { RgbImage } from '@calm-orch/datasets';
import { describe, expect, it } from 'vitest';
import { applyOne, type PixelOperation } from './apply.ts';
import { contrast, defocusRadius, motionBlurs, pixelation, saturation, valueShift } from './severities.ts';

interface Golden {
  readonly width: number;
  readonly height: number;
  readonly source: string;
  readonly cases: readonly {
    readonly name: string;
    readonly severity: number;
    readonly degrees?: number;
    readonly expected: string;
  }[];
}

const golden = JSON.parse(
  readFileSync(new URL('../../fixtures/imagecorruptions.json', import.meta.url), 'utf8'),
) as Golden;
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
const image: RgbImage = { data: bytes(golden.source), width: golden.width, height: golden.height };

function operationOf({ name, severity, degrees }: Golden['cases'][number]): PixelOperation {
  const i = severity - 1;
  switch (name) {
    case 'saturate':
      return { kind: 'saturation', ...saturation[i]! };
    case 'pixelate':
      return { kind: 'pixelate', keeps: pixelation[i]! };
    case 'brightness':
      return { kind: 'value', shift: valueShift[i]! };
    case 'contrast':
      return { kind: 'contrast', factor: contrast[i]! };
    case 'motion':
      return { kind: 'motion', ...motionBlurs[i]!, degrees: degrees! };
    default:
      return { kind: 'defocus', radius: defocusRadius[i]! };
  }
}
/** Pillow's pixels are met to the bit; elsewhere roundings differ, and libvips convolves with integers. */
const tolerance: Readonly<Record<string, number>> = { pixelate: 0, motion: 3, defocus: 2 };
const isGrey = (pixel: number): boolean =>
  image.data[3 * pixel] === image.data[3 * pixel + 1] && image.data[3 * pixel] === image.data[3 * pixel + 2];

describe('augmentations beside imagecorruptions', () => {
  it.each(golden.cases)('$name, severity $severity, $degrees', async (example) => {
    const { data } = await applyOne(image, operationOf(example), null, rng('unused'));
    const expected = bytes(example.expected);
    let largest = 0;
    let changed = 0;
    for (let i = 0; i < expected.length; i++) {
      changed += Math.abs(expected[i]! - image.data[i]!);
      // Grey has no hue: imagecorruptions paints it red where saturation is added, here it stays grey.
      if (example.name === 'saturate' && isGrey(Math.floor(i / 3))) continue;
      largest = Math.max(largest, Math.abs(data[i]! - expected[i]!));
    }
    expect(changed).toBeGreaterThan(0);
    expect(largest).toBeLessThanOrEqual(tolerance[example.name] ?? 1);
  });
});
