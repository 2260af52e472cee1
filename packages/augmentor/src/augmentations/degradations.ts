// The six drastic degradations of aesthetic suggesting (CALM, section 4.3): severity 5 of the augmentations of the same
// names, of desaturation 2, its strongest.
import { assertNever, type Rng } from '@calm-orch/core';
import { degradationNames, type AttributeName, type DegradationName, type RgbImage } from '@calm-orch/datasets';
import { applyAugmentations } from './apply.ts';
import { operationOf } from './draw.ts';
import { foregroundOf } from './foreground.ts';
import { severitiesOf } from './severities.ts';

export { degradationNames, type DegradationName };

/**
 * A degraded copy as a model sees it, [side, side]; which of two kinds of noise or blur, and where a crop lies, is drawn.
 */
export async function degradePhoto(
  image: RgbImage,
  name: DegradationName,
  random: Rng,
  side: number,
): Promise<RgbImage> {
  const attribute = attributeOf(name);
  const operation = operationOf(attribute, severitiesOf(attribute).at(-1)!, random, side);
  // A crop keeps 40 to 60 % of the sides.
  const drawn = operation.kind === 'crop' ? { ...operation, keeps: random.range(...cropKeeps) } : operation;
  const foreground = drawn.kind === 'crop' ? await foregroundOf({ image, mask: null }, null, null) : null;
  const { square } = await applyAugmentations(image, [{ operation: drawn }], { foreground, random, side });
  return square;
}

const cropKeeps = [0.4, 0.6] as const;

function attributeOf(name: DegradationName): AttributeName {
  switch (name) {
    case 'noise':
    case 'blur':
    case 'darker':
    case 'brighter':
      return name;
    case 'dull':
      return 'less saturated';
    case 'crop':
      return 'cropped';
    default:
      return assertNever(name);
  }
}
