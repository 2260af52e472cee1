import { rng } from '@calm-orch/core';
import { attributeNames, studioImage, toBytes, type AttributeName, type RgbImage } from '@calm-orch/data';
import { describe, expect, it } from 'vitest';
import { applyAugmentations } from './apply.ts';
import { colorfulness } from './color.ts';
import { drawAugmentations, numSeverities, parametersOf, type Augmentation } from './draw.ts';
import { salientBox } from './saliency.ts';
import { cropFrame } from './subject.ts';

const side = 64;
const photo = studioImage(0, 'unlabeled', 4, side);
const image: RgbImage = { data: toBytes(photo.image), width: side, height: side };
const { box } = photo.subject;

const augmentation = (attribute: AttributeName, severity = 3): Augmentation => ({
  group: 'quality',
  attribute,
  severity,
  parameters: parametersOf(attribute, severity, rng('parameters', attribute)),
});
const apply = async (...attributes: AttributeName[]): Promise<RgbImage> =>
  applyAugmentations(
    image,
    attributes.map((name) => augmentation(name)),
    box,
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
  it.each(attributeNames)('%s keeps the size and can be seen at every severity', async (attribute) => {
    for (let severity = 1; severity <= numSeverities; severity++) {
      const result = await applyAugmentations(image, [augmentation(attribute, severity)], box, rng('noise'));
      expect([result.width, result.height, result.data.length]).toEqual([side, side, side * side * 3]);
      expect(difference(result, image), `severity ${severity}`).toBeGreaterThan(1.2);
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

  it('are the same bytes whenever they are applied again', async () => {
    const once = await apply('noise', 'compression', 'cropped', 'less saturated');
    expect(await apply('noise', 'compression', 'cropped', 'less saturated')).toEqual(once);
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
