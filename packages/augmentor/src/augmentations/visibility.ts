// Whether a change can be seen: the peak signal-to-noise ratio between photographs as the model sees them, with and without
// it. Tests hold the severities and what may stand together to it; `npm run bench -- visibility` prints it.
import { rng } from '@calm-orch/core';
import {
  clipSquare,
  loadCarriedPhoto,
  trainingPhotos,
  wordsOf,
  type AttributeName,
  type RgbImage,
} from '@calm-orch/datasets';
import { keepsDirection } from './appearance.ts';
import { applyAugmentations } from './apply.ts';
import { squareOf } from './as-seen.ts';
import { isColorless } from './color.ts';
import { operationOf, type Operation } from './draw.ts';
import { foregroundOf, type Foreground } from './foreground.ts';
import { severitiesOf } from './severities.ts';

/** dB: a change counts as seen where the median ratio is at most this. */
export const visibleAtMost = 32;
/** Share of the photographs in which a change may go the wrong way beside another. */
const mayTurn = 1 / 4;

/** dB between photographs of one size; Infinity where they are the same. */
export function psnr(a: RgbImage, b: RgbImage): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i]! - b.data[i]!) * (a.data[i]! - b.data[i]!);
  return 10 * Math.log10((255 * 255 * a.data.length) / sum);
}

export interface Change {
  readonly attribute: AttributeName;
  readonly severity: number;
  /** One of the kinds of an attribute that has several. @default as drawn */
  readonly kind?: Operation['kind'];
}

export interface MeasuredPhoto {
  readonly image: RgbImage;
  /** [side, side], as the model sees it. */
  readonly seen: (side: number) => RgbImage;
  readonly foreground: Foreground;
}

/** The carried photographs for training: the square in the middle and its most salient box. */
export async function photosToMeasure(): Promise<MeasuredPhoto[]> {
  return Promise.all(
    trainingPhotos.map(async (photo) => {
      const { image } = await squareOf({ image: await loadCarriedPhoto(photo), mask: null });
      const squares = new Map<number, RgbImage>();
      const seen = (side: number): RgbImage => {
        const square = squares.get(side) ?? clipSquare(image, side);
        squares.set(side, square);
        return square;
      };
      return { image, seen, foreground: await foregroundOf({ image, mask: null }, null, null) };
    }),
  );
}

/** The kinds an attribute is drawn as. */
export function kindsOf(attribute: AttributeName): readonly Operation['kind'][] {
  if (attribute === 'noise') return ['gaussian noise', 'salt and pepper'];
  return attribute === 'blur' ? ['defocus', 'motion'] : [operationOf(attribute, 1, rng('kind'), 1).kind];
}

export interface Seen {
  /** Median dB between the photographs with and without the change. */
  readonly psnr: number;
  /** Share of the photographs that with all changes went the other way than this one says. */
  readonly turned: number;
}

/**
 * How a change is seen at a model's input `side`, `beside` another that both photographs have. Changes of saturation are
 * measured where they are drawn: not of photographs without colour.
 */
export async function seenBeside(
  photos: readonly MeasuredPhoto[],
  change: Change,
  side: number,
  beside: readonly Change[] = [],
): Promise<Seen> {
  const ratios: number[] = [];
  let turned = 0;
  for (const [i, { image, seen, foreground }] of photos.entries()) {
    if (wordsOf(change.attribute).axis === 'saturation' && isColorless(image)) continue;
    const apply = async (changes: readonly Change[]): Promise<RgbImage> => {
      const augmentations = changes.map((one) => ({ operation: drawnAs(one, i, side) }));
      const random = rng('visibility', 'noise', i);
      // Only a crop needs more than is seen; reducing takes most of the time.
      const source = changes.some(({ attribute }) => attribute === 'cropped') ? image : seen(side);
      return (await applyAugmentations(source, augmentations, { foreground, random, side })).square;
    };
    const all = await apply([...beside, change]);
    ratios.push(psnr(all, await apply(beside)));
    if (!keepsDirection(change.attribute, seen(side), all)) turned += 1;
  }
  ratios.sort((a, b) => a - b);
  const median = (ratios[Math.floor((ratios.length - 1) / 2)]! + ratios[Math.floor(ratios.length / 2)]!) / 2;
  return { psnr: median, turned: turned / ratios.length };
}

/** The least severity at which an attribute is seen beside a change, at every side and as every kind; 6: at none. */
export async function leastSeenBeside(
  photos: readonly MeasuredPhoto[],
  attribute: AttributeName,
  beside: Pick<Change, 'attribute' | 'severity'>,
  sides: readonly number[],
): Promise<number> {
  const isSeen = async (severity: number): Promise<boolean> => {
    for (const side of sides)
      for (const kind of kindsOf(attribute))
        for (const other of kindsOf(beside.attribute)) {
          const change = { attribute, severity, kind };
          const seen = await seenBeside(photos, change, side, [{ ...beside, kind: other }]);
          if (seen.psnr > visibleAtMost || seen.turned > mayTurn) return false;
        }
    return true;
  };
  for (const severity of severitiesOf(attribute)) if (await isSeen(severity)) return severity;
  return 6;
}

function drawnAs({ attribute, severity, kind }: Change, photo: number, side: number): Operation {
  for (let attempt = 0; ; attempt++) {
    const operation = operationOf(attribute, severity, rng('visibility', attribute, photo, attempt), side);
    if (kind === undefined || operation.kind === kind) return operation;
  }
}
