import { rng } from '@calm-orch/core';
import { describe, expect, it } from 'vitest';
import { addNoise, adjustContrast, adjustExposure, adjustSaturation, degrade, gaussianBlur } from './degrade.ts';
import { render } from './render.ts';
import { studioScene } from './photo.ts';

const { image } = render(studioScene(0, 'labeled', 1), 32);
const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const roughness = (values: Float32Array): number => {
  let sum = 0;
  for (let i = 3; i < values.length; i++) sum += Math.abs(values[i]! - values[i - 3]!);
  return sum;
};

describe('degradations', () => {
  it('return a new image and leave the given one alone', () => {
    const before = Float32Array.from(image);
    for (const result of [
      gaussianBlur(image, 32, 1),
      addNoise(image, 0.1, rng('a')),
      adjustExposure(image, 1),
      adjustSaturation(image, 0.5),
      adjustContrast(image, 0.5),
    ]) {
      expect(result).not.toBe(image);
      expect(result).not.toEqual(image);
    }
    expect(image).toEqual(before);
  });

  it('blur smooths and keeps the mean', () => {
    const blurred = gaussianBlur(image, 32, 3);
    expect(roughness(blurred)).toBeLessThan(0.6 * roughness(image));
    expect(Math.abs(mean(blurred) - mean(image))).toBeLessThan(0.01);
  });

  it('noise has the deviation asked for and depends on its key alone', () => {
    const noisy = addNoise(image, 0.2, rng('noise', 1));
    const difference = noisy.map((value, i) => (value - image[i]!) ** 2);
    expect(Math.sqrt(mean(difference))).toBeCloseTo(0.2, 1);
    expect(addNoise(image, 0.2, rng('noise', 1))).toEqual(noisy);
    expect(addNoise(image, 0.2, rng('noise', 2))).not.toEqual(noisy);
  });

  it('one stop doubles, saturation 0 is grey, contrast 0 is the pivot', () => {
    expect(adjustExposure(image, 1)[7]).toBeCloseTo(2 * image[7]!, 5);
    const grey = adjustSaturation(image, 0);
    expect(grey[0]).toBeCloseTo(grey[1]!, 6);
    expect(adjustContrast(image, 0, 0.25)[3]).toBeCloseTo(0.25, 6);
  });

  it('a neutral degradation only clips', () => {
    const neutral = degrade(image, 32, { blur: 0, noise: 0, stops: 0, saturation: 1, contrast: 1 }, rng('n'));
    neutral.forEach((value, i) => expect(value).toBeCloseTo(Math.min(1, Math.max(0, image[i]!)), 5));
  });
});
