// Where a square part of a photograph lies.
import type { Rng } from '@calm-orch/core';
import type { RgbImage } from '../images/images.ts';

export interface Square {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A square of 40 to 100 % of the shorter side anywhere in the photograph, at least `side` pixels where there are as many. */
export function randomSquare({ width, height }: Pick<RgbImage, 'width' | 'height'>, side: number, random: Rng): Square {
  const shorter = Math.min(width, height);
  const size = Math.min(shorter, Math.max(Math.min(side, shorter), Math.round(shorter * random.range(0.4, 1))));
  const left = random.int(width - size + 1);
  const top = random.int(height - size + 1);
  return { left, top, width: size, height: size };
}
