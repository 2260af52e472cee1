// Whether a file is a photograph that every stage can decode: it is decoded here as there.
import { CalmError } from '@calm-orch/core';
import { loadImage } from './images.ts';
import { loadMask, maskFileOf } from './masks.ts';

export interface CheckImageOptions {
  /** The mask beside it is read, too. @default false */
  readonly withMask?: boolean;
}

/** null: usable; otherwise why not, whatever is decoded beside it. Throws CalmError io for what may pass. */
export async function checkImage(path: string, { withMask = false }: CheckImageOptions = {}): Promise<string | null> {
  const mask = withMask ? maskFileOf(path) : null;
  try {
    const image = await loadImage(path);
    if (mask !== null) await loadMask(mask, image);
    return null;
  } catch (error) {
    if (!(error instanceof CalmError) || typeof error.data['reason'] !== 'string') throw error;
    return error.data['path'] === mask ? `its mask: ${error.data['reason']}` : error.data['reason'];
  }
}
