// Which changes may be drawn together: a change that cannot be seen beside another would have a label that says nothing, and
// one that goes the other way beside it a label that is wrong.
import type { AttributeName } from '@calm-orch/datasets';
import type { PerSeverity } from './severities.ts';

type Beside = Partial<Record<AttributeName, PerSeverity>>;

/**
 * The least severity at which an attribute is seen beside another of severity 1 to 5; 6: at none. It is seen where the median
 * PSNR with and without it is at most 32 dB, at 64 and at 224 pixels, and light or colour change as said in three of four
 * photographs. Measured on the carried photographs for training by `npm run bench -- visibility --exclusions`, every pair;
 * pairs that are not here are seen always.
 */
export const leastSeen: Partial<Record<AttributeName, Beside>> = {
  noise: { pixelation: [1, 1, 1, 2, 2] },
  compression: {
    blur: [4, 4, 4, 4, 4],
    pixelation: [1, 1, 1, 1, 2],
    darker: [1, 1, 1, 2, 4],
    'less contrast': [4, 4, 5, 5, 5],
  },
  blur: {
    pixelation: [3, 3, 4, 5, 5],
    darker: [1, 1, 2, 2, 3],
    'less contrast': [5, 6, 6, 6, 6],
    'subject blurred': [2, 2, 2, 2, 2],
    'subject masked': [2, 2, 2, 2, 2],
  },
  pixelation: { blur: [4, 5, 6, 6, 6], darker: [1, 1, 1, 1, 3], 'less contrast': [6, 6, 6, 6, 6] },
  brighter: { 'more saturated': [1, 1, 2, 4, 6], cropped: [1, 2, 2, 2, 2] },
  darker: { 'less saturated': [2, 2, 1, 1, 1] },
  'more saturated': { darker: [1, 4, 6, 6, 6], 'less contrast': [4, 5, 6, 6, 6] },
  'less saturated': { darker: [1, 1, 1, 1, 2] },
  'subject blurred': {
    blur: [2, 2, 4, 4, 5],
    pixelation: [1, 2, 2, 3, 4],
    darker: [1, 1, 1, 1, 2],
    'less contrast': [6, 6, 6, 6, 6],
  },
  'subject masked': { 'less contrast': [1, 1, 1, 1, 6] },
};

export interface Strength {
  readonly attribute: AttributeName;
  readonly severity: number;
}

/** Whether both of two changes can be seen in one photograph. */
export const bothSeen = (one: Strength, other: Strength): boolean => isSeen(one, other) && isSeen(other, one);

const isSeen = (change: Strength, beside: Strength): boolean =>
  change.severity >= (leastSeen[change.attribute]?.[beside.attribute]?.[beside.severity - 1] ?? 1);
