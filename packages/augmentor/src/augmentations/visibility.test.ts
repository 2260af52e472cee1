import { augmentationGroups, rng } from '@calm-orch/core';
import {
  attributeNames,
  clipSquare,
  loadCarriedPhoto,
  trainingPhotos,
  wordsOf,
  type RgbImage,
} from '@calm-orch/datasets';
import { beforeAll, describe, expect, it } from 'vitest';
import { appearanceOf, looks, relativeIn } from './appearance.ts';
import { drawAugmentations } from './draw.ts';
import { bothSeen, leastSeen } from './exclusions.ts';
import { cut } from './pixels.ts';
import { severitiesOf, type PerSeverity } from './severities.ts';
import {
  kindsOf,
  leastSeenBeside,
  photosToMeasure,
  psnr,
  seenBeside,
  visibleAtMost,
  type MeasuredPhoto,
} from './visibility.ts';

let photos: MeasuredPhoto[];
beforeAll(async () => {
  photos = await photosToMeasure();
});

describe('psnr', () => {
  it('is 20 dB for a mean square difference of a tenth of the range', () => {
    const grey = (value: number): RgbImage => ({ data: new Uint8Array(300).fill(value), width: 10, height: 10 });
    expect(psnr(grey(100), grey(125.5))).toBeCloseTo(20.17, 1);
    expect(psnr(grey(100), grey(100))).toBe(Infinity);
  });
});

describe('each change', () => {
  it.each(attributeNames)(
    'of %s is seen at its least severity, as every kind, at 64 and 224 pixels',
    async (attribute) => {
      const severity = severitiesOf(attribute)[0]!;
      for (const side of [64, 224])
        for (const kind of kindsOf(attribute)) {
          const seen = await seenBeside(photos, { attribute, severity, kind }, side);
          expect(seen.psnr, `${kind} at ${side}`).toBeLessThanOrEqual(visibleAtMost);
          expect(seen.turned, `${kind} at ${side}`).toBe(0);
        }
    },
  );
});

const rows = Object.entries(leastSeen).flatMap(([attribute, beside]) =>
  Object.entries(beside).map(([other, least]) => ({ attribute, other, least }) as never),
) as { attribute: (typeof attributeNames)[number]; other: (typeof attributeNames)[number]; least: PerSeverity }[];

describe('changes that hide others', () => {
  it.each(rows)('$attribute beside $other', async ({ attribute, other, least }) => {
    // The other where it hides most; all severities are measured by `npm run bench -- visibility --exclusions`.
    const severity = severitiesOf(other).reduce((most, one) => (least[one - 1]! > least[most - 1]! ? one : most));
    expect(await leastSeenBeside(photos, attribute, { attribute: other, severity }, [64, 224])).toBe(
      least[severity - 1],
    );
    expect(least[severity - 1]).toBeGreaterThan(severitiesOf(attribute)[0]!);
  });

  it('are never drawn together, and all others are', () => {
    const together = new Set<string>();
    for (let i = 0; i < 3000; i++) {
      const draw = drawAugmentations({ groups: augmentationGroups, maxSimultaneous: 3 }, rng('together', i), 64);
      for (const one of draw)
        for (const other of draw) {
          if (one === other) continue;
          expect(bothSeen(one, other)).toBe(true);
          together.add(`${one.attribute} beside ${other.attribute}`);
        }
    }
    const expected = attributeNames.flatMap((one) =>
      attributeNames
        .filter((other) => wordsOf(one).axis !== wordsOf(other).axis)
        .filter((other) =>
          severitiesOf(one).some((severity) =>
            severitiesOf(other).some((strength) =>
              bothSeen({ attribute: one, severity }, { attribute: other, severity: strength }),
            ),
          ),
        )
        .map((other) => `${one} beside ${other}`),
    );
    expect([...together].sort()).toEqual(expected.sort());
    expect(together).not.toContain('pixelation beside less contrast');
  });
});

describe('absolute words', () => {
  /** Crops of every carried photograph for training, as the studio cuts them for the pool. */
  const crops = async (): Promise<RgbImage[]> => {
    const found: RgbImage[] = [];
    for (const photo of trainingPhotos) {
      const image = await loadCarriedPhoto(photo);
      for (let i = 0; i < 20; i++) {
        const random = rng('looks', photo.name, i);
        const size = Math.round(Math.min(image.width, image.height) * random.range(0.4, 1));
        const place = { left: random.int(image.width - size + 1), top: random.int(image.height - size + 1) };
        found.push(clipSquare(cut(image, { ...place, width: size, height: size }), 64));
      }
    }
    return found;
  };

  it('are for what is so more than nine of ten crops of the photographs for training', async () => {
    const appearances = (await crops()).map(appearanceOf);
    for (const { measure, sign, bound } of Object.values(looks)) {
      const values = appearances.map((one) => one[measure]).filter((value) => measure !== 'colorfulness' || value >= 1);
      const beyond = values.filter((value) => sign * (value - bound) >= 0).length / values.length;
      expect(beyond, `${measure} ${sign}`).toBeGreaterThan(0.05);
      expect(beyond, `${measure} ${sign}`).toBeLessThan(0.15);
    }
  });

  it('are not for a bright photograph made darker, but for a black one', () => {
    const grey = (value: number): RgbImage => ({
      data: new Uint8Array(3 * 64 * 64).fill(value),
      width: 64,
      height: 64,
    });
    expect([...relativeIn(grey(200), ['darker', 'blur', 'less contrast'])]).toEqual(['darker']);
    expect([...relativeIn(grey(20), ['darker', 'brighter'])]).toEqual(['brighter']);
    expect([...relativeIn(grey(200), ['more saturated', 'less saturated'])]).toEqual(['more saturated']);
  });
});
