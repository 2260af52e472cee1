// Stage `degrade`: the test photographs of aesthetic suggesting. Square crops of the held-out photographs, each as it is
// and with every degradation, at the model's input side.
import { join } from 'node:path';
import { augmentationSide, CalmError, rng, writeFileAtomic, type StageFunction } from '@calm-orch/core';
import {
  clipSquare,
  cropsPerPhoto,
  degradationNames,
  degradedFile,
  fitSquare,
  heldOutPhotos,
  loadCarriedPhoto,
  pipelineOf,
  type DegradationName,
  type RgbImage,
} from '@calm-orch/datasets';
import { degradePhoto } from '../augmentations/degradations.ts';
import { cut } from '../augmentations/pixels.ts';
import { photoProgress } from './progress.ts';

/** Crops of 60 to 100 % of the shorter side. */
const cropShare = [0.6, 1] as const;

export const degrade: StageFunction = async (context) => {
  const { imageSize } = context.stage.config as { imageSize: number };
  const kinds: readonly (DegradationName | null)[] = [null, ...degradationNames];
  const total = heldOutPhotos.length * cropsPerPhoto * kinds.length;
  const progress = photoProgress(context, total);
  let done = 0;
  for (const photo of heldOutPhotos) {
    const image = await loadCarriedPhoto(photo);
    for (let crop = 0; crop < cropsPerPhoto; crop++) {
      if (context.signal.aborted) throw new CalmError('cancelled', 'stage degrade: cancelled');
      const part = await fitSquare(randomSquare(image, photo.name, crop), augmentationSide(imageSize));
      for (const degradation of kinds) {
        const random = rng('degrade', photo.name, crop, degradation ?? 'original');
        const seen =
          degradation === null ? clipSquare(part, imageSize) : await degradePhoto(part, degradation, random, imageSize);
        const png = await pipelineOf(seen).png().toBuffer();
        writeFileAtomic(join(context.outputDir, degradedFile({ photo: photo.name, crop, degradation })), png);
        progress(++done);
      }
    }
  }
  return { metrics: { 'degrade/photos': total } };
};

function randomSquare(image: RgbImage, name: string, crop: number): RgbImage {
  const random = rng('degrade', name, crop, 'place');
  const shorter = Math.min(image.width, image.height);
  const side = Math.round(shorter * random.range(...cropShare));
  const region = { left: random.int(image.width - side + 1), top: random.int(image.height - side + 1) };
  return cut(image, { ...region, width: side, height: side });
}
