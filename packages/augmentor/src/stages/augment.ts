// Stage `augment`: makes of each unlabelled photograph a contrastive pair, the original and a copy in which one to three
// attributes were changed, with sentences that say which. Everything is keyed by (seed, index of the photograph), so
// items may run in any order, on any worker, and again. With `labels: openai` a language model puts the sentences in other
// words; what it answered is in the artifact.
import { join, resolve } from 'node:path';
import {
  augmentSchema,
  CalmError,
  openaiSchema,
  photosPerItem,
  rng,
  writeFileAtomic,
  type AugmentConfig,
  type StageFunction,
} from '@calm-orch/core';
import {
  fitSquare,
  labelsOf,
  loadImage,
  sharp,
  unlabeledPhotos,
  type AttributeName,
  type Labels,
  type UnlabeledPhoto,
} from '@calm-orch/data';
import { defaultCacheDir } from '@calm-orch/engine';
import { applyAugmentations } from '../augmentations/apply.ts';
import { colorfulness } from '../augmentations/color.ts';
import { drawAugmentations, type Augmentation } from '../augmentations/draw.ts';
import { salientBox } from '../augmentations/saliency.ts';
import { photoProgress } from './progress.ts';

/** One line of pairs-<item>.jsonl. */
export interface AugmentedPair {
  readonly index: number;
  /** Absolute, or relative to the artifact of stage `data`. */
  readonly original: string;
  /** Relative to this stage's artifact. */
  readonly augmented: string;
  readonly augmentations: readonly Augmentation[];
  /** Groups of the augmentations, sorted. */
  readonly groups: readonly string[];
  readonly labels: Labels;
}

/** Below this mean distance between the channels (of 255) a change of saturation cannot be seen. */
const minColorfulness = 8;
const saturationAttributes: readonly AttributeName[] = ['more saturated', 'less saturated'];

export const augmentStage: StageFunction = async (context) => {
  const { stage, item, inputs, outputDir, signal } = context;
  const { augment, imageSize, openai } = stage.config as { augment: unknown; imageSize: number; openai?: unknown };
  const config = augmentSchema.parse(augment);
  if (config.groups.length === 0) {
    throw new CalmError(
      'invalid_config',
      'stage augment: augment.groups is empty; name at least one of quality, color, subject',
    );
  }
  const dataDir = inputs['data']!;
  const entries = unlabeledPhotos(dataDir);
  const first = item * photosPerItem;
  const mine = entries.slice(first, first + photosPerItem);
  const progress = photoProgress(context, mine.length);
  const pairs: AugmentedPair[] = [];
  for (const [i, entry] of mine.entries()) {
    if (signal.aborted) throw new CalmError('cancelled', `stage augment: cancelled in item ${item}`);
    pairs.push(await augmentPhoto({ config, imageSize, dataDir, outputDir, entry, index: first + i }));
    progress(i + 1);
  }
  const write = (worded: readonly AugmentedPair[]): void =>
    writeFileAtomic(join(outputDir, `pairs-${item}.jsonl`), worded.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
  if (openai === undefined) {
    write(pairs);
    return { metrics: { 'augment/photos': mine.length } };
  }
  // Only now: the client and SQLite are of no use to templates.
  const { wordLabels } = await import('../labels/word-labels.ts');
  const worded = await wordLabels(pairs, {
    ...{ stage, signal, ...(context.alive && { alive: context.alive }) },
    ...{ config: openaiSchema.parse(openai), cacheDir: defaultCacheDir(process.env), env: process.env },
  });
  writeFileAtomic(join(outputDir, `labels-${item}.json`), `${JSON.stringify(worded.paraphrases, null, 1)}\n`);
  write(worded.pairs);
  return { metrics: { 'augment/photos': mine.length, ...worded.counts } };
};

interface PhotoTask {
  readonly config: AugmentConfig;
  readonly imageSize: number;
  readonly dataDir: string;
  readonly outputDir: string;
  readonly entry: UnlabeledPhoto;
  readonly index: number;
}

async function augmentPhoto({
  config,
  imageSize,
  dataDir,
  outputDir,
  entry,
  index,
}: PhotoTask): Promise<AugmentedPair> {
  const original = await fitSquare(await loadImage(resolve(dataDir, entry.file)), imageSize);
  const hidden = new Set(colorfulness(original) < minColorfulness ? saturationAttributes : []);
  const key = (part: string) => rng('augment', config.seed, index, part);
  const augmentations = drawAugmentations(config.groups, config.maxSimultaneous, key('attributes'), hidden);
  const needsSubject = augmentations.some(({ group }) => group === 'subject');
  const subject = entry.subject ?? (needsSubject ? await salientBox(original) : wholePhoto);
  const { data, width, height } = await applyAugmentations(original, augmentations, subject, key('noise'));
  const augmented = `images/${index}.png`;
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 4 })
    .toBuffer();
  writeFileAtomic(join(outputDir, augmented), png);
  return {
    index,
    original: entry.file,
    augmented,
    augmentations,
    groups: [...new Set(augmentations.map(({ group }) => group))].sort(),
    labels: labelsOf(
      augmentations.map(({ attribute }) => attribute),
      key('labels'),
    ),
  };
}

const wholePhoto = { x: 0, y: 0, width: 1, height: 1 };
