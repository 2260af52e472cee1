// Photographs small enough for a file that holds a dozen of them.
import { CalmError } from '@calm-orch/core';
import type { Picture, ReportPicture } from '@calm-orch/dashboard';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import type { TrialPhotographs } from './trial-photographs.ts';

/** Longer side at most, pixels. */
const maxSide = 256;
/** Of WebP: such a picture takes some 2 to 30 kB. */
const quality = 80;

/** Pictures of a run reduced, as data URLs; or why there is none. */
export function reducedPictures(tracker: Tracker, run: RunRecord, photographs: TrialPhotographs) {
  const stages = new Map(tracker.listRunStages(run.id).map((stage) => [stage.key, stage]));
  return async (picture: Picture | null): Promise<ReportPicture | string> => {
    const stage = stages.get(picture?.stage ?? '');
    if (picture === null || stage === undefined) return 'The photograph is not in the run folder any more.';
    const { loadImage, pipelineOf } = await import('@calm-orch/datasets');
    try {
      const image = await loadImage(await photographs.pathOf(stage, picture.index), { maxSide });
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
  };
}
