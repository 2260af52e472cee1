import { augmentationGroups, rng } from '@calm-orch/core';
import {
  attributeNames,
  clipSquare,
  loadCarriedPhoto,
  resize,
  studioImage,
  toBytes,
  trainingPhotos,
  type AttributeName,
  type RgbImage,
} from '@calm-orch/datasets';
import { describe, expect, it } from 'vitest';
import { applyAugmentations } from './apply.ts';
import { squareOf } from './as-seen.ts';
import { defocus } from './blur.ts';
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
  operation: operationOf(attribute, severity, rng('parameters', attribute), side),
});
const applyAll = async (augmentations: readonly Augmentation[], known = foreground): Promise<RgbImage> =>
  (await applyAugmentations(image, augmentations, { foreground: known, random: rng('noise'), side })).square;
const apply = (...attributes: AttributeName[]): Promise<RgbImage> =>
  applyAll(attributes.map((name) => augmentation(name)));
const difference = (a: RgbImage, b: RgbImage): number =>
  a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]!), 0) / a.data.length;
const mean = ({ data }: RgbImage): number => data.reduce((sum, value) => sum + value, 0) / data.length;
const roughness = ({ data }: RgbImage): number => {
  let sum = 0;
  for (let i = 3; i < data.length; i++) sum += Math.abs(data[i]! - data[i - 3]!);
  return sum / data.length;
};

describe('augmentations', () => {
  it.each(attributeNames)('%s gives what the model sees, of any photograph', async (attribute) => {
    for (const [width, height] of [
      [200, 200],
      [320, 200],
      [50, 40],
    ] as const) {
      const photo = resize(image, width, height);
      const options = { foreground, random: rng('noise'), side: 64 };
      const { square, photo: inside } = await applyAugmentations(photo, [augmentation(attribute)], options);
      const nothing = await applyAugmentations(photo, [], options);
      expect(nothing.square).toEqual(clipSquare(photo, 64, 'pad'));
      expect([square.width, square.height, square.data.length]).toEqual([64, 64, 64 * 64 * 3]);
      expect([inside.width, inside.height]).toEqual([nothing.photo.width, nothing.photo.height]);
      // The border is the model's, not the photograph's.
      if (width > height) expect(square.data.subarray(0, 3 * 64)).toEqual(nothing.square.data.subarray(0, 3 * 64));
      expect(square.data).not.toEqual(nothing.square.data);
    }
  });

  it('grow with the severity', async () => {
    const graded: AttributeName[] = ['compression', 'pixelation', 'brighter', 'darker', 'less contrast'];
    for (const attribute of [...graded, 'less saturated', 'more saturated', 'subject blurred'] as const) {
      const seen: number[] = [];
      for (const severity of severitiesOf(attribute)) {
        seen.push(difference(await applyAll([augmentation(attribute, severity)]), image));
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
      const { data } = await applyAll([augmentation(attribute)], masked);
      const whole = await applyAll([augmentation(attribute)]);
      const changed = (pixel: number): boolean => data[3 * pixel] !== image.data[3 * pixel];
      for (let pixel = 0; pixel < mask.length; pixel++) if (mask[pixel] === 0) expect(changed(pixel)).toBe(false);
      const marked = mask.reduce((numChanged, value, pixel) => numChanged + Number(value > 0 && changed(pixel)), 0);
      expect(marked).toBeGreaterThan(0.5 * mask.filter((value) => value > 0).length);
      const at = 3 * firstMarked;
      const half = (127 * image.data[at]! + 128 * whole.data[at]!) / 255;
      expect(Math.abs(data[at]! - half)).toBeLessThanOrEqual(1);
    }
  });

  it('cut a crop from the photograph as it is, so that it stays sharp', async () => {
    const whole = { image: await loadCarriedPhoto(trainingPhotos[3]!), mask: null };
    const { image: square } = await squareOf(whole);
    const crop = augmentation('cropped');
    const cropOf = async (from: RgbImage): Promise<RgbImage> =>
      (await applyAugmentations(from, [crop], { foreground, random: rng('noise'), side: 64 })).square;
    expect(roughness(await cropOf(square))).toBeGreaterThan(1.2 * roughness(await cropOf(clipSquare(square, 64))));
  });

  it('find the subject, and its mask, again in a crop', async () => {
    const mask = Uint8Array.from(photo.subject.mask, (value) => 255 * value);
    const known: Foreground = { source: 'mask', box: boxOfMask(mask, side)!, mask };
    const options = { foreground: known, random: rng('noise'), side };
    const [crop, masked] = [augmentation('cropped'), augmentation('subject masked')];
    const before = (await applyAugmentations(image, [crop], options)).square;
    const after = (await applyAugmentations(image, [crop, masked], options)).square;
    const marked: RgbImage = {
      data: Uint8Array.from({ length: 3 * mask.length }, (_, i) => mask[Math.floor(i / 3)]!),
      width: side,
      height: side,
    };
    const where = (await applyAugmentations(marked, [crop], options)).square;
    let inside = 0;
    for (let i = 0; i < before.data.length; i++) {
      if (where.data[i] === 0) expect(after.data[i]).toBe(before.data[i]);
      else if (where.data[i] === 255 && after.data[i] !== before.data[i]) inside += 1;
    }
    expect(inside).toBeGreaterThan(0.5 * where.data.filter((value) => value === 255).length);
  });

  it('blur by a radius between whole numbers as much as lies between', () => {
    const changes = [1, 1.25, 1.5, 2].map((radius) => difference(defocus(image, radius), image));
    expect([...changes].sort((a, b) => a - b)).toEqual(changes);
    expect(difference(defocus(image, 0.5), image)).toBeGreaterThan(0);
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
    drawAugmentations({ groups: augmentationGroups, maxSimultaneous: 3 }, rng('draw', i), 64),
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
      const draw = drawAugmentations(
        { groups: ['color'], maxSimultaneous: 3 },
        rng(i),
        64,
        new Set(['less saturated', 'more saturated']),
      );
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
