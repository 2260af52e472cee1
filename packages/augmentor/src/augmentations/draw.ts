// Decides what is done to a photograph: which attributes, how severely, with which parameters. Nothing is applied here,
// so the decision can be recorded whole and repeated.
// Lengths are in pixels of a 64-pixel photograph; they scale with the side. Strengths are set so that each attribute
// can be seen at 64 pixels from severity 1 on (severities 1 to 5 as in imagecorruptions).
import type { AugmentationGroup, Rng } from '@calm-orch/core';
import { attributeNames, attributesOf, wordsOf, type AttributeName } from '@calm-orch/data';

export interface Augmentation {
  readonly group: AugmentationGroup;
  readonly attribute: AttributeName;
  /** 1 (visible) to 5 (drastic). */
  readonly severity: number;
  readonly parameters: Readonly<Record<string, number | string>>;
}

export const numSeverities = 5;
type PerSeverity = readonly [number, number, number, number, number];

const gaussianNoise: PerSeverity = [0.06, 0.09, 0.12, 0.16, 0.2];
const saltAndPepper: PerSeverity = [0.03, 0.05, 0.08, 0.11, 0.15];
const jpegQuality: PerSeverity = [25, 20, 15, 10, 5];
const gaussianBlur: PerSeverity = [0.8, 1.05, 1.3, 1.6, 2];
const motionLength: PerSeverity = [3, 4, 5, 6, 7];
const pixelBlock: PerSeverity = [3, 3, 4, 4, 5];
const darker: PerSeverity = [0.75, 0.66, 0.57, 0.48, 0.4];
const brighter: PerSeverity = [1.2, 1.3, 1.4, 1.5, 1.6];
const lessSaturated: PerSeverity = [0.6, 0.48, 0.36, 0.22, 0.08];
const moreSaturated: PerSeverity = [1.5, 1.7, 1.9, 2.15, 2.4];
const lessContrast: PerSeverity = [0.68, 0.6, 0.52, 0.44, 0.35];
const subjectBlur: PerSeverity = [2, 2.5, 3, 3.5, 4];
const cropKeeps: PerSeverity = [0.6, 0.55, 0.5, 0.45, 0.4];

/**
 * Draws 1 to `maxSimultaneous` attributes out of `groups`, at most one per axis (never both darker and brighter).
 * `hidden` attributes cannot be seen in this photograph and are not drawn. In table order, so that labels agree in it.
 */
export function drawAugmentations(
  groups: readonly AugmentationGroup[],
  maxSimultaneous: number,
  random: Rng,
  hidden: ReadonlySet<AttributeName> = new Set(),
): Augmentation[] {
  const wanted = 1 + random.int(maxSimultaneous);
  const drawn: AttributeName[] = [];
  for (const name of random.shuffle(attributesOf(groups).filter((attribute) => !hidden.has(attribute)))) {
    if (drawn.length === wanted) break;
    if (drawn.every((other) => wordsOf(other).axis !== wordsOf(name).axis)) drawn.push(name);
  }
  drawn.sort((a, b) => attributeNames.indexOf(a) - attributeNames.indexOf(b));
  return drawn.map((attribute) => {
    const severity = 1 + random.int(numSeverities);
    const parameters = parametersOf(attribute, severity, random);
    return { group: wordsOf(attribute).group, attribute, severity, parameters };
  });
}

/** The parameters of an attribute at a severity of 1 to 5; what is left open is drawn. */
export function parametersOf(attribute: AttributeName, severity: number, random: Rng): Augmentation['parameters'] {
  const at = (values: PerSeverity): number => values[severity - 1]!;
  switch (attribute) {
    case 'noise':
      return random.uniform() < 0.7
        ? { kind: 'gaussian', deviation: at(gaussianNoise) }
        : { kind: 'salt and pepper', density: at(saltAndPepper) };
    case 'compression':
      return { quality: at(jpegQuality) };
    case 'blur':
      return random.uniform() < 0.6
        ? { kind: 'gaussian', sigma: at(gaussianBlur) }
        : { kind: 'motion', length: at(motionLength), degrees: random.int(180) };
    case 'pixelation':
      return { block: at(pixelBlock) };
    case 'brighter':
      return { factor: at(brighter) };
    case 'darker':
      return { factor: at(darker) };
    case 'more saturated':
      return { factor: at(moreSaturated) };
    case 'less saturated':
      return { factor: at(lessSaturated) };
    case 'less contrast':
      return { factor: at(lessContrast) };
    case 'subject blurred':
      return { sigma: at(subjectBlur) };
    case 'subject masked':
      return { fill: 'mean' };
    case 'cropped':
      return { keeps: at(cropKeeps), edge: random.int(4), cutsAt: random.range(0.35, 0.65), along: random.uniform() };
  }
}
