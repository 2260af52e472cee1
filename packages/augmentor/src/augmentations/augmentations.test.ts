import { rng } from '@calm-orch/core';
import {
  attributeNames,
  clipSquare,
  studioImage,
  toBytes,
  type AttributeName,
  type RgbImage,
} from '@calm-orch/datasets';
import { describe, expect, it } from 'vitest';
import { applyAugmentations } from './apply.ts';
import { colorfulness } from './color.ts';
import { drawAugmentations, operationOf, type Augmentation } from './draw.ts';
import { boxOfMask, foregroundOf, type Foreground } from './foreground.ts';
import { addGaussianNoise, addSaltAndPepper } from './noise.ts';
import { salientBox } from './saliency.ts';
import { severitiesOf } from './severities.ts';
import { cropFrame } from './subject.ts';

const side = 160;
const photo = studioImage(0, 'unlabeled', 4, side);
const image: RgbImage = { data: toBytes(photo.image), width: side, height: side };
const { box } = photo.subject;
const foreground: Foreground = { source: 'known', box, mask: null };

const augmentation = (attribute: AttributeName, severity = severitiesOf(attribute).at(-1)!): Augmentation => ({
  group: 'quality',
  attribute,
  severity,
  operation: operationOf(attribute, severity, rng('parameters', attribute)),
});
const apply = async (...attributes: AttributeName[]): Promise<RgbImage> =>
  applyAugmentations(
    image,
    attributes.map((name) => augmentation(name)),
    foreground,
    rng('noise'),
  );
const difference = (a: RgbImage, b: RgbImage): number =>
  a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]!), 0) / a.data.length;
const mean = ({ data }: RgbImage): number => data.reduce((sum, value) => sum + value, 0) / data.length;
const roughness = ({ data }: RgbImage): number => {
  let sum = 0;
  for (let i = 3; i < data.length; i++) sum += Math.abs(data[i]! - data[i - 3]!);
  return sum / data.length;
};

describe('augmentations', () => {
  it.each(attributeNames)('%s keeps the size and can be seen by the model at every severity', async (attribute) => {
    for (const severity of severitiesOf(attribute)) {
      const result = await applyAugmentations(image, [augmentation(attribute, severity)], foreground, rng('noise'));
      expect([result.width, result.height, result.data.length]).toEqual([side, side, side * side * 3]);
      // What is done to the subject alone is seen there alone.
      const share = attribute.startsWith('subject') ? box.width * box.height : 1;
      const seen = difference(clipSquare(result, 64), clipSquare(image, 64)) / share;
      expect(seen, `severity ${severity}`).toBeGreaterThan(1.2);
    }
  });

  it('grow with the severity', async () => {
    const graded: AttributeName[] = ['compression', 'pixelation', 'brighter', 'darker', 'less contrast'];
    for (const attribute of [...graded, 'less saturated', 'more saturated', 'subject blurred'] as const) {
      const seen: number[] = [];
      for (const severity of severitiesOf(attribute)) {
        seen.push(
          difference(
            await applyAugmentations(image, [augmentation(attribute, severity)], foreground, rng('noise')),
            image,
          ),
        );
      }
      expect(
        seen.map((_, i) => i).sort((a, b) => seen[a]! - seen[b]!),
        attribute,
      ).toEqual(seen.map((_, i) => i));
    }
  });

  it('do what their names say', async () => {
    expect(mean(await apply('brighter'))).toBeGreaterThan(mean(image) + 10);
    expect(mean(await apply('darker'))).toBeLessThan(mean(image) - 10);
    expect(colorfulness(await apply('more saturated'))).toBeGreaterThan(1.2 * colorfulness(image));
    expect(colorfulness(await apply('less saturated'))).toBeLessThan(0.6 * colorfulness(image));
    expect(roughness(await apply('blur'))).toBeLessThan(0.8 * roughness(image));
    expect(roughness(await apply('noise'))).toBeGreaterThan(1.2 * roughness(image));
  });

  it('draw noise of the deviation and density they name', async () => {
    const grey = { data: new Uint8Array(3 * 200 * 200).fill(128), width: 200, height: 200 };
    const noisy = addGaussianNoise(grey, 0.08, rng('deviation')).data;
    const variance = noisy.reduce((sum, value) => sum + (value - 128) ** 2, 0) / noisy.length;
    expect(Math.sqrt(variance) / 255).toBeCloseTo(0.08, 2);
    const salted = addSaltAndPepper(grey, 0.17, rng('density')).data;
    const share = (wanted: number): number => salted.filter((value) => value === wanted).length / salted.length;
    expect(share(0)).toBeCloseTo(0.085, 2);
    expect(share(255)).toBeCloseTo(0.085, 2);
  });

  it('change the subject and nothing else', async () => {
    for (const attribute of ['subject blurred', 'subject masked'] as const) {
      const { data } = await apply(attribute);
      for (let pixel = 0; pixel < side * side; pixel++) {
        const x = (pixel % side) / side;
        const y = Math.floor(pixel / side) / side;
        const isInside = x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;
        if (!isInside) expect(data[3 * pixel]).toBe(image.data[3 * pixel]);
      }
    }
  });

  it('change what a mask marks and nothing else, half where it is half', async () => {
    const mask = Uint8Array.from(photo.subject.mask, (value) => 255 * value);
    const firstMarked = mask.indexOf(255);
    mask[firstMarked] = 128;
    for (const attribute of ['subject blurred', 'subject masked'] as const) {
      const masked: Foreground = { source: 'mask', box: boxOfMask(mask, side)!, mask };
      const { data } = await applyAugmentations(image, [augmentation(attribute)], masked, rng('noise'));
      const whole = await applyAugmentations(image, [augmentation(attribute)], foreground, rng('noise'));
      const changed = (pixel: number): boolean => data[3 * pixel] !== image.data[3 * pixel];
      for (let pixel = 0; pixel < mask.length; pixel++) if (mask[pixel] === 0) expect(changed(pixel)).toBe(false);
      const marked = mask.reduce((numChanged, value, pixel) => numChanged + Number(value > 0 && changed(pixel)), 0);
      expect(marked).toBeGreaterThan(0.5 * mask.filter((value) => value > 0).length);
      const at = 3 * firstMarked;
      const half = (127 * image.data[at]! + 128 * whole.data[at]!) / 255;
      expect(Math.abs(data[at]! - half)).toBeLessThanOrEqual(1);
    }
  });

  it('are the same bytes whenever they are applied again', async () => {
    const once = await apply('noise', 'compression', 'cropped', 'less saturated');
    expect(await apply('noise', 'compression', 'cropped', 'less saturated')).toEqual(once);
  });
});

describe('foregroundOf', () => {
  const mask = new Uint8Array(side * side);
  for (let y = 20; y < 40; y++) mask.fill(255, y * side + 100, y * side + 130);

  it('takes a mask before a known box before a detection before a guess, and a blank mask as none', async () => {
    const detected = { x: 0.1, y: 0.2, width: 0.3, height: 0.4 };
    const detect = () => Promise.resolve(detected);
    expect(await foregroundOf({ image, mask }, box, detect)).toEqual({
      source: 'mask',
      box: { x: 100 / side, y: 20 / side, width: 30 / side, height: 20 / side },
      mask,
    });
    const blank = new Uint8Array(side * side);
    expect(await foregroundOf({ image, mask: blank }, box, detect)).toEqual(foreground);
    const byDetection = { source: 'detection', box: detected, mask: null };
    expect(await foregroundOf({ image, mask: blank }, null, detect)).toEqual(byDetection);
    for (const none of [null, () => Promise.resolve(null)])
      expect(await foregroundOf({ image, mask: null }, null, none)).toMatchObject({ source: 'saliency', mask: null });
  });
});

describe('drawAugmentations', () => {
  const draws = Array.from({ length: 500 }, (_, i) =>
    drawAugmentations(['quality', 'color', 'subject'], 3, rng('draw', i)),
  );

  it('draws one to three attributes, each of them sometimes, never two of one axis', () => {
    expect(new Set(draws.map(({ length }) => length))).toEqual(new Set([1, 2, 3]));
    const seen = new Set(draws.flat().map(({ attribute }) => attribute));
    expect([...seen].sort()).toEqual([...attributeNames].sort());
    for (const draw of draws) {
      const names = draw.map(({ attribute }) => attribute);
      expect(names.includes('brighter') && names.includes('darker')).toBe(false);
      expect(names.includes('subject blurred') && names.includes('subject masked')).toBe(false);
    }
  });

  it('draws every kind of operation and every severity of every attribute', () => {
    const kinds = new Set(draws.flat().map(({ operation }) => operation.kind));
    expect(kinds.size).toBe(12);
    for (const attribute of attributeNames) {
      const severities = draws.flat().flatMap((one) => (one.attribute === attribute ? [one.severity] : []));
      expect([...new Set(severities)].sort()).toEqual(severitiesOf(attribute));
    }
  });

  it('keeps to the groups and to what can be seen', () => {
    for (let i = 0; i < 100; i++) {
      const draw = drawAugmentations(['color'], 3, rng(i), new Set(['less saturated', 'more saturated']));
      expect(draw.length).toBeGreaterThan(0);
      for (const { group, attribute } of draw) {
        expect(group).toBe('color');
        expect(attribute).not.toMatch(/saturated/);
      }
    }
  });
});

describe('cropFrame', () => {
  it('cuts the subject and stays inside, wherever the subject is', () => {
    const random = rng('crop');
    for (let i = 0; i < 500; i++) {
      const width = random.range(0.1, 0.5);
      const height = random.range(0.1, 0.5);
      const subject = { x: random.range(0, 1 - width), y: random.range(0, 1 - height), width, height };
      const crop = {
        keeps: random.range(0.4, 0.6),
        edge: random.int(4),
        cutsAt: random.range(0.35, 0.65),
        along: random.uniform(),
      };
      const frame = cropFrame(subject, crop);
      expect(frame.x).toBeGreaterThanOrEqual(0);
      expect(frame.y).toBeGreaterThanOrEqual(0);
      expect(frame.x + frame.width).toBeLessThanOrEqual(1 + 1e-9);
      expect(frame.y + frame.height).toBeLessThanOrEqual(1 + 1e-9);
      const overlap = (start: number, size: number, from: number): number =>
        Math.max(0, Math.min(start + size, from + frame.width) - Math.max(start, from)) / size;
      const kept = overlap(subject.x, width, frame.x) * overlap(subject.y, height, frame.y);
      expect(kept).toBeGreaterThan(0.05);
      expect(kept).toBeLessThan(0.75);
    }
  });
});

describe('salientBox', () => {
  it('finds a bright object on a plain ground, and the centre of a blank photograph', async () => {
    const data = new Uint8Array(side * side * 3).fill(60);
    for (let y = 12; y < 28; y++) for (let x = 36; x < 52; x++) data.set([240, 200, 40], 3 * (y * side + x));
    const found = await salientBox({ data, width: side, height: side });
    expect(Math.abs(found.x + found.width / 2 - 44 / side)).toBeLessThan(0.1);
    expect(Math.abs(found.y + found.height / 2 - 20 / side)).toBeLessThan(0.1);
    const blank = await salientBox({ data: new Uint8Array(side * side * 3).fill(60), width: side, height: side });
    expect(blank.x + blank.width / 2).toBeCloseTo(0.5, 5);
  });
});
