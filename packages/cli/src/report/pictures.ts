// Photographs small enough for a file that holds a dozen of them.
import { CalmError } from '@calm-orch/core';
import type { ReportPicture } from '@calm-orch/dashboard';

/** Longer side at most, pixels. */
const maxSide = 256;
/** Of WebP: such a picture takes some 2 to 30 kB. */
const quality = 80;

/** Reduced, as a data URL; or why there is none. */
export async function reducedPicture(path: string | undefined): Promise<ReportPicture | string> {
  if (path === undefined) return 'The photograph is not in the run folder any more.';
  const { loadImage, pipelineOf } = await import('@calm-orch/datasets');
  try {
    const image = await loadImage(path, { maxSide });
    const data = await pipelineOf(image).webp({ quality }).toBuffer();
    return {
      source: `data:image/webp;base64,${data.toString('base64')}`,
      width: image.width,
      height: image.height,
    };
  } catch (error) {
    if (!(error instanceof CalmError)) throw error;
    const { reason } = error.data as { readonly reason?: string };
    return `The photograph cannot be read: ${reason ?? error.message}.`;
  }
}
