// Decides what is done to a photograph: which attributes, how severely, with which parameters. Nothing is applied here,
// so the decision can be recorded whole and repeated.
import type { AugmentationGroup, Rng } from '@calm-orch/core';
import { attributeNames, attributesOf, wordsOf, type AttributeName } from '@calm-orch/datasets';
import { bothSeen, type Strength } from './exclusions.ts';
import {
  contrast,
  cropKeeps,
  defocusRadius,
  foregroundRadius,
  gaussianNoise,
  jpegQuality,
  lengthsSide,
  motionBlurs,
  motionDegrees,
  pixelation,
  saltAndPepper,
  saturation,
  severitiesOf,
  valueShift,
  type PerSeverity,
} from './severities.ts';

/** What is done, with all that was drawn for it: applying it again gives the same pixels. */
export type Operation =
  | { readonly kind: 'gaussian noise'; readonly deviation: number }
  | { readonly kind: 'salt and pepper'; readonly density: number }
  | { readonly kind: 'jpeg'; readonly quality: number }
  | { readonly kind: 'defocus'; readonly radius: number }
  | { readonly kind: 'motion'; readonly radius: number; readonly sigma: number; readonly degrees: number }
  | { readonly kind: 'pixelate'; readonly keeps: number }
  | { readonly kind: 'value'; readonly shift: number }
  | { readonly kind: 'saturation'; readonly factor: number; readonly offset: number }
  | { readonly kind: 'contrast'; readonly factor: number }
  | { readonly kind: 'blur foreground'; readonly radius: number }
  | { readonly kind: 'mask foreground' }
  | {
      readonly kind: 'crop';
      readonly keeps: number;
      readonly edge: number;
      readonly cutsAt: number;
      readonly along: number;
    };

export interface Augmentation {
  readonly group: AugmentationGroup;
  readonly attribute: AttributeName;
  /** 1 to 5. */
  readonly severity: number;
  readonly operation: Operation;
}

/**
 * Draws 1 to `maxSimultaneous` attributes out of `groups` for a model that sees `side` pixels, at most one per axis (never
 * both darker and brighter), each at a severity at which it is seen beside the others. `hidden` attributes cannot be seen in
 * this photograph and are not drawn. In table order, so that labels agree in it.
 */
export function drawAugmentations(
  { groups, maxSimultaneous }: { readonly groups: readonly AugmentationGroup[]; readonly maxSimultaneous: number },
  random: Rng,
  side: number,
  hidden: ReadonlySet<AttributeName> = new Set(),
): Augmentation[] {
  const wanted = 1 + random.int(maxSimultaneous);
  const drawn: Strength[] = [];
  for (const attribute of random.shuffle(attributesOf(groups).filter((name) => !hidden.has(name)))) {
    if (drawn.length === wanted) break;
    if (drawn.some((other) => wordsOf(other.attribute).axis === wordsOf(attribute).axis)) continue;
    const severities = severitiesOf(attribute).filter((severity) =>
      drawn.every((other) => bothSeen({ attribute, severity }, other)),
    );
    if (severities.length > 0) drawn.push({ attribute, severity: random.pick(severities) });
  }
  drawn.sort((a, b) => attributeNames.indexOf(a.attribute) - attributeNames.indexOf(b.attribute));
  return drawn.map(({ attribute, severity }) => ({
    group: wordsOf(attribute).group,
    attribute,
    severity,
    operation: operationOf(attribute, severity, random, side),
  }));
}

/**
 * The operation of an attribute at a severity of 1 to 5 for a model that sees `side` pixels; what is left open (kind,
 * angle, place) is drawn. Lengths grow with the side.
 */
export function operationOf(attribute: AttributeName, severity: number, random: Rng, side: number): Operation {
  const at = <T>(values: PerSeverity<T>): T => values[severity - 1]!;
  const scale = side / lengthsSide;
  switch (attribute) {
    case 'noise':
      return random.uniform() < 0.5
        ? { kind: 'gaussian noise', deviation: at(gaussianNoise) }
        : { kind: 'salt and pepper', density: at(saltAndPepper) };
    case 'compression':
      return { kind: 'jpeg', quality: at(jpegQuality) };
    case 'blur':
      return random.uniform() < 0.5
        ? { kind: 'defocus', radius: scale * at(defocusRadius) }
        : {
            kind: 'motion',
            radius: scale * at(motionBlurs).radius,
            sigma: scale * at(motionBlurs).sigma,
            degrees: random.int(2 * motionDegrees + 1) - motionDegrees,
          };
    case 'pixelation':
      return { kind: 'pixelate', keeps: at(pixelation) };
    case 'brighter':
      return { kind: 'value', shift: at(valueShift) };
    case 'darker':
      return { kind: 'value', shift: -at(valueShift) };
    case 'more saturated':
    case 'less saturated':
      return { kind: 'saturation', ...at(saturation) };
    case 'less contrast':
      return { kind: 'contrast', factor: at(contrast) };
    case 'subject blurred':
      return { kind: 'blur foreground', radius: scale * at(foregroundRadius) };
    case 'subject masked':
      return { kind: 'mask foreground' };
    case 'cropped':
      return {
        kind: 'crop',
        keeps: at(cropKeeps),
        edge: random.int(4),
        cutsAt: random.range(0.35, 0.65),
        along: random.uniform(),
      };
  }
}
