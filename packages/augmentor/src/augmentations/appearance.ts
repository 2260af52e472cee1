// What a photograph looks like by measure: of which changes of light and colour the result is so by itself ('dark') and not
// only beside the original ('darker').
import { resize, type AttributeName, type RgbImage } from '@calm-orch/datasets';

export interface Appearance {
  /** Mean luma (ITU-R BT.601), 0..255. */
  readonly luma: number;
  /** Mean distance between the largest and the smallest channel, 0..255. */
  readonly colorfulness: number;
  /** Standard deviation of the luma. */
  readonly contrast: number;
}

/** Photographs are measured on so many means a side: there noise is neither colour nor contrast. */
const cells = 16;

interface Look {
  readonly measure: keyof Appearance;
  /** -1: less of it. */
  readonly sign: 1 | -1;
  readonly bound: number;
}

/**
 * A result is called dark, bright, dull, vivid or flat where it is so more than nine of ten crops of the carried photographs
 * for training: bounds are their outer tenths, rounded (a test measures them), for colour those of photographs with colour.
 */
export const looks: Partial<Record<AttributeName, Look>> = {
  brighter: { measure: 'luma', sign: 1, bound: 145 },
  darker: { measure: 'luma', sign: -1, bound: 85 },
  'more saturated': { measure: 'colorfulness', sign: 1, bound: 130 },
  'less saturated': { measure: 'colorfulness', sign: -1, bound: 20 },
  'less contrast': { measure: 'contrast', sign: -1, bound: 30 },
};

export function appearanceOf(image: RgbImage): Appearance {
  const { data } = resize(image, cells, cells);
  const numCells = cells * cells;
  let [sum, squares, spread] = [0, 0, 0];
  for (let i = 0; i < data.length; i += 3) {
    const [red, green, blue] = [data[i]!, data[i + 1]!, data[i + 2]!];
    const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    sum += luma;
    squares += luma * luma;
    spread += Math.max(red, green, blue) - Math.min(red, green, blue);
  }
  const luma = sum / numCells;
  return {
    luma,
    colorfulness: spread / numCells,
    contrast: Math.sqrt(Math.max(0, squares / numCells - luma * luma)),
  };
}

/** Of the `changed` attributes those that the result has only beside the original: 'darker', not 'dark'. */
export function relativeIn(result: RgbImage, changed: readonly AttributeName[]): Set<AttributeName> {
  const appearance = appearanceOf(result);
  const isRelative = (attribute: AttributeName): boolean => {
    const look = looks[attribute];
    return look !== undefined && look.sign * (appearance[look.measure] - look.bound) < 0;
  };
  return new Set(changed.filter(isRelative));
}

/** Whether a change of light or colour is one in its direction, all in all; of other attributes nothing is measured. */
export function keepsDirection(attribute: AttributeName, before: RgbImage, after: RgbImage): boolean {
  const look = looks[attribute];
  return !look || look.sign * (appearanceOf(after)[look.measure] - appearanceOf(before)[look.measure]) > 0;
}
