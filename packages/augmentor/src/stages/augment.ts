// Stage `augment`: makes of each unlabelled photograph contrastive pairs, the original and a copy in which one to three
// attributes were changed, with sentences that say which. The copy is changed as the model will see it, at its input side.
// Everything is keyed by (seed, index of the photograph, draw), so items may run in any order, on any worker, and again, and
// more draws leave the first as they are. With `labels: openai` a language model puts the sentences in other words; what it
// answered is in the artifact.
import { join, resolve } from 'node:path';
import {
  augmentationSide,
  CalmError,
  photosPerItem,
  rng,
  writeFileAtomic,
  type AugmentConfig,
  type StageFunction,
} from '@calm-orch/core';
import { augmentSchema, openaiSchema } from '@calm-orch/core/config';
import {
  labelsOf,
  maskFileOf,
  pipelineOf,
  unlabeledPhotos,
  type AttributeName,
  type AugmentedPair,
  type Box,
  type Fit,
  type RgbImage,
  type UnlabeledPhoto,
} from '@calm-orch/datasets';
import { defaultCacheDir } from '@calm-orch/engine';
import { relativeIn } from '../augmentations/appearance.ts';
import { applyAugmentations } from '../augmentations/apply.ts';
import { isColorless } from '../augmentations/color.ts';
import { detectMainObject, type Detector } from '../augmentations/detection.ts';
import { drawAugmentations, type Augmentation } from '../augmentations/draw.ts';
import { foregroundOf, type Foreground, type ForegroundSource } from '../augmentations/foreground.ts';
import { loadAsSeen } from '../augmentations/as-seen.ts';
import { photoProgress } from './progress.ts';

/** A pair with all that was drawn for it. */
export interface RecordedPair extends AugmentedPair {
  readonly augmentations: readonly Augmentation[];
  /** Where the foreground was taken to be, and who says so; where an augmentation asked. */
  readonly foreground?: { readonly source: ForegroundSource; readonly box: Box };
}

const saturationAttributes: readonly AttributeName[] = ['more saturated', 'less saturated'];

/** Sentences of each form. */
const wordingsOfEach = 3;

interface AugmentSlice {
  readonly augment: unknown;
  /** Input side of the model, pixels. */
  readonly imageSize: number;
  readonly fit: Fit;
  readonly openai?: unknown;
}

export const augmentStage: StageFunction = async (context) => {
  const { stage, item, inputs, outputDir, signal } = context;
  const { augment, imageSize, fit, openai } = stage.config as unknown as AugmentSlice;
  const config = augmentSchema.parse(augment);
  if (config.groups.length === 0) {
    throw new CalmError(
      'invalid_config',
      'stage augment: augment.groups is empty; name at least one of quality, color, subject',
    );
  }
  const dataDir = inputs['data']!;
  const first = item * photosPerItem;
  const mine = unlabeledPhotos(dataDir, { first, count: photosPerItem });
  const detect = config.foreground === 'detection' ? detectMainObject : null;
  const progress = photoProgress(context, mine.length);
  const pairs: RecordedPair[] = [];
  for (const [i, entry] of mine.entries()) {
    if (signal.aborted) throw new CalmError('cancelled', `stage augment: cancelled in item ${item}`);
    pairs.push(
      ...(await augmentPhoto({ config, detect, imageSize, fit, dataDir, outputDir, entry, index: first + i })),
    );
    progress(i + 1);
  }
  const write = (worded: readonly RecordedPair[]): void =>
    writeFileAtomic(join(outputDir, `pairs-${item}.jsonl`), worded.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
  if (openai === undefined) {
    write(pairs);
    return { metrics: { 'augment/photos': mine.length } };
  }
  // Only now: the client and SQLite are of no use to templates.
  const { wordLabels } = await import('../labels/word-labels.ts');
  const worded = await wordLabels(pairs, {
    stage,
    signal,
    ...(context.alive && { alive: context.alive }),
    config: openaiSchema.parse(openai),
    cacheDir: defaultCacheDir(process.env),
    env: process.env,
  });
  writeFileAtomic(join(outputDir, `labels-${item}.json`), `${JSON.stringify(worded.paraphrases, null, 1)}\n`);
  write(worded.pairs);
  return { metrics: { 'augment/photos': mine.length, ...worded.counts } };
};

interface PhotoTask {
  readonly config: AugmentConfig;
  readonly detect: Detector | null;
  /** Input side of the model, pixels. */
  readonly imageSize: number;
  readonly fit: Fit;
  readonly dataDir: string;
  readonly outputDir: string;
  readonly entry: UnlabeledPhoto;
  readonly index: number;
}

async function augmentPhoto(task: PhotoTask): Promise<RecordedPair[]> {
  const { config, detect, imageSize, fit, dataDir, entry } = task;
  const path = resolve(dataDir, entry.file);
  const photo = await loadAsSeen({
    path,
    mask: entry.mask === undefined ? maskFileOf(path) : resolve(dataDir, entry.mask),
    side: augmentationSide(imageSize),
    fit,
  });
  // Detectors take their time: once a photograph, and only if a draw asks.
  let found: Promise<Foreground> | null = null;
  const foreground = (): Promise<Foreground> => (found ??= foregroundOf(photo, entry.subject, detect));
  const pairs: RecordedPair[] = [];
  for (let draw = 0; draw < config.draws; draw++) pairs.push(await pairOf(task, photo.image, foreground, draw));
  return pairs;
}

async function pairOf(
  { config, imageSize, outputDir, entry, index }: PhotoTask,
  image: RgbImage,
  findForeground: () => Promise<Foreground>,
  draw: number,
): Promise<RecordedPair> {
  const key = (part: string) => rng('augment', config.seed, index, draw, part);
  const hidden = new Set(isColorless(image) ? saturationAttributes : []);
  const augmentations = drawAugmentations(config, key('attributes'), imageSize, hidden);
  const changed = augmentations.map(({ attribute }) => attribute);
  const needsForeground = augmentations.some(({ group }) => group === 'subject');
  const foreground = needsForeground ? await findForeground() : null;
  const { square, photo } = await applyAugmentations(image, augmentations, {
    foreground,
    random: key('noise'),
    side: imageSize,
  });
  const augmented = `images/${index}-${draw}.png`;
  writeFileAtomic(join(outputDir, augmented), await pipelineOf(square).png({ compressionLevel: 4 }).toBuffer());
  return {
    index,
    draw,
    original: entry.file,
    augmented,
    augmentations,
    ...(foreground && { foreground: { source: foreground.source, box: foreground.box } }),
    groups: [...new Set(augmentations.map(({ group }) => group))].sort(),
    labels: labelsOf(changed, key('labels'), wordingsOfEach, relativeIn(photo, changed)),
  };
}
