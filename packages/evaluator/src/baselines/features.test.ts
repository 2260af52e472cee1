import { describe, expect, it } from 'vitest';
import { channelStatistics, pixelStatisticNames, pixelStatistics } from './features.ts';

function image(width: number, height: number, pixel: (x: number, y: number) => [number, number, number]) {
  const pixels = Array.from({ length: width * height }, (_, i) => pixel(i % width, Math.floor(i / width)));
  return { data: Uint8Array.from(pixels.flat()), width, height };
}

function named(statistics: Float64Array): Record<string, number> {
  return Object.fromEntries(pixelStatisticNames.map((name, i) => [name, statistics[i]!]));
}

describe('channelStatistics', () => {
  it('gives mean and deviation of each channel over the tokens', () => {
    expect([...channelStatistics(Float32Array.of(1, 10, 3, 10, 5, 10), 3, 2)]).toEqual([3, 10, Math.sqrt(8 / 3), 0]);
  });
});

describe('pixelStatistics', () => {
  it('has one value per name', () => {
    expect(pixelStatistics(image(11, 13, () => [1, 2, 3]))).toHaveLength(pixelStatisticNames.length);
  });

  it('sees brightness, contrast and saturation', () => {
    const gray = named(pixelStatistics(image(10, 10, () => [51, 51, 51])));
    expect(gray['red mean']).toBeCloseTo(0.2, 6);
    expect(gray['red deviation']).toBeCloseTo(0, 6);
    expect(gray.saturation).toBe(0);
    const striped = named(pixelStatistics(image(10, 10, (x) => (x % 2 === 0 ? [255, 0, 0] : [0, 0, 0]))));
    expect(striped['red deviation']).toBeCloseTo(0.5, 6);
    expect(striped.saturation).toBeCloseTo(0.5, 6);
  });

  it('tells fine detail from coarse by the two gradient energies', () => {
    const stripes = (size: number) =>
      named(pixelStatistics(image(16, 16, (x) => (Math.floor(x / size) % 2 === 0 ? [255, 255, 255] : [0, 0, 0]))));
    const [fine, coarse] = [stripes(1), stripes(2)];
    expect(fine['gradient energy']).toBeGreaterThan(coarse['gradient energy']!);
    expect(fine['gradient energy at half size']).toBeLessThan(coarse['gradient energy at half size']!);
  });
});
