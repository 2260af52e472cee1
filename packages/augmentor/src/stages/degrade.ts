// Stage `degrade`: the photographs of aesthetic suggesting, each as it is and with every degradation, at the model's input
// side. Of the embedded data square crops of the held-out photographs; of PCCD on this machine its best photographs, whole
// (as far as the model sees them). On the validation split rendered scenes, for no carried photograph can be spared; of files
// the best of AVA's.
import { join } from 'node:path';
import {
  augmentationSide,
  CalmError,
  rng,
  writeFileAtomic,
  type DataConfig,
  type StageFunction,
} from '@calm-orch/core';
import {
  bestOfValidation,
  bestPccd,
  clipSquare,
  cropsPerPhoto,
  degradationNames,
  degradedFile,
  fitSquare,
  heldOutPhotos,
  loadCarriedPhoto,
  pipelineOf,
  render,
  studioScene,
  toBytes,
  wantedRoot,
  type DegradationName,
  type Fit,
  type RgbImage,
} from '@calm-orch/datasets';
import { loadAsSeen } from '../augmentations/as-seen.ts';
import { degradePhoto } from '../augmentations/degradations.ts';
import { cut } from '../augmentations/pixels.ts';
import { photoProgress } from './progress.ts';

/** Crops of 60 to 100 % of the shorter side. */
const cropShare = [0.6, 1] as const;

/** What is degraded: a photograph, or a part of one. */
interface Original {
  readonly photo: string;
  readonly crop: number;
  readonly load: () => Promise<RgbImage>;
}

type DegradeSlice =
  | {
      readonly data: { readonly source: 'studio'; readonly seed?: number };
      readonly imageSize: number;
      readonly split?: 'val';
    }
  | {
      readonly data: Pick<DataConfig, 'roots' | 'numVal'> & { readonly source: 'files' };
      readonly imageSize: number;
      readonly fit: Fit;
      readonly suggestionPhotos: number;
      readonly split?: 'val';
    };

export const degrade: StageFunction = async (context) => {
  const slice = context.stage.config as unknown as DegradeSlice;
  const { imageSize } = slice;
  const { outputDir, signal } = context;
  const side = augmentationSide(imageSize);
  const originals = await originalsOf(slice, side, outputDir);
  const kinds: readonly (DegradationName | null)[] = [null, ...degradationNames];
  const total = originals.length * kinds.length;
  const progress = photoProgress(context, total);
  let done = 0;
  for (const { photo, crop, load } of originals) {
    if (signal.aborted) throw new CalmError('cancelled', 'stage degrade: cancelled');
    const original = await load();
    for (const degradation of kinds) {
      const random = rng('degrade', photo, crop, degradation ?? 'original');
      const seen =
        degradation === null
          ? clipSquare(original, imageSize, 'pad')
          : await degradePhoto(original, degradation, random, imageSize);
      const png = await pipelineOf(seen).png().toBuffer();
      writeFileAtomic(join(outputDir, degradedFile({ photo, crop, degradation })), png);
      progress(++done);
    }
  }
  return { metrics: { 'degrade/photos': total } };
};

async function originalsOf(slice: DegradeSlice, side: number, outputDir: string): Promise<readonly Original[]> {
  if ('fit' in slice) return filePhotos(slice, side, outputDir);
  return slice.split === 'val' ? renderedScenes(slice.data.seed!, side) : carriedCrops(side);
}

/** Scenes of no other pool, taken well; as many as there are crops. */
function renderedScenes(seed: number, side: number): Original[] {
  return Array.from({ length: heldOutPhotos.length * cropsPerPhoto }, (_, i) => ({
    photo: `scene${i + 1}`,
    crop: 0,
    load: () => {
      const { image } = render(studioScene(seed, 'validation', i + 1), side);
      return Promise.resolve({ data: toBytes(image), width: side, height: side });
    },
  }));
}

function carriedCrops(side: number): Original[] {
  return heldOutPhotos.flatMap((carried) =>
    Array.from({ length: cropsPerPhoto }, (_, crop) => ({
      photo: carried.name,
      crop,
      load: async () => fitSquare(randomSquare(await loadCarriedPhoto(carried), carried.name, crop), side),
    })),
  );
}

async function filePhotos(
  { data, fit, suggestionPhotos, split }: Extract<DegradeSlice, { fit: Fit }>,
  side: number,
  outputDir: string,
): Promise<Original[]> {
  const best =
    split === 'val'
      ? await bestOfValidation(data, suggestionPhotos)
      : await bestPccd(wantedRoot(data, 'PCCD', 'photographs to suggest about'), suggestionPhotos, outputDir);
  return best.map(({ photo, path }) => ({
    photo,
    crop: 0,
    load: async () => (await loadAsSeen({ path, mask: null, side, fit })).image,
  }));
}

function randomSquare(image: RgbImage, name: string, crop: number): RgbImage {
  const random = rng('degrade', name, crop, 'place');
  const shorter = Math.min(image.width, image.height);
  const side = Math.round(shorter * random.range(...cropShare));
  const region = { left: random.int(image.width - side + 1), top: random.int(image.height - side + 1) };
  return cut(image, { ...region, width: side, height: side });
}
