// AVA-Captions (Ghosal et al., ICCV-W 2019): one JSON object in the style of neuraltalk. `clean` is the caption to use:
// after subjective cleaning `tokens` hold [lemma, part of speech] and the text cannot be rebuilt from them.
import { join } from 'node:path';
import { writeFileAtomic } from '@calm-orch/core';
import { jsonElements } from '../text/json-elements.ts';
import { badLine } from '../text/lines.ts';

export const avaCaptionsFile = 'CLEAN_AVA_FULL_AFTER_SUBJECTIVE_CLEANING.json';

export interface CaptionedImage {
  readonly id: number;
  readonly split: 'train' | 'val' | 'test';
  readonly captions: readonly string[];
}

export interface CommentedPhoto {
  readonly id: number;
  readonly captions: readonly string[];
}

/** What of AVA decides about captions: labelled photographs by split, and the whole official test list. */
export interface KnownToAva {
  readonly train: readonly { readonly id: number }[];
  readonly val?: readonly { readonly id: number }[];
  readonly test: readonly { readonly id: number }[];
  readonly testIds: ReadonlySet<number>;
}

export interface CaptionsTally {
  images: number;
  captions: number;
  /** Training images left out because AVA tests on them. */
  leaks: number;
  /** Images without label or readable file in the given AVA. */
  unknown: number;
  /** Of the other images those left out because nobody wrote a word about them. */
  withoutCaptions: number;
  train: number;
  val: number;
  test: number;
}

export const newCaptionsTally = (): CaptionsTally => {
  return { images: 0, captions: 0, leaks: 0, unknown: 0, withoutCaptions: 0, train: 0, val: 0, test: 0 };
};

export interface AvaCaptions {
  readonly train: readonly CommentedPhoto[];
  readonly val: readonly CommentedPhoto[];
  readonly test: readonly CommentedPhoto[];
  readonly counts: Readonly<CaptionsTally>;
}

/** Writes the file under `dir` in the released form, id fields doubled and sentence ids empty as there. */
export function writeAvaCaptions(dir: string, images: readonly CaptionedImage[]): void {
  const records = images.map(({ id, split, captions }) => ({
    filename: `${id}.jpg`,
    imgid: id,
    cocoid: id,
    split,
    sentids: '',
    filepath: '',
    sentences: captions.map((caption) => ({
      raw: caption,
      clean: caption,
      imgid: id,
      sentid: '',
      tokens: [],
      unigrams: [],
      bigrams: [],
    })),
  }));
  const lines = records.map((record) => JSON.stringify(record)).join(',\n');
  writeFileAtomic(join(dir, avaCaptionsFile), `{"dataset":"AVA","images":[\n${lines}\n]}\n`);
}

/**
 * Streams what the given AVA knows of `file`, in file order: test = every split but train, train = the rest without AVA's
 * test images (CALM, section 4.1) and without val, which is AVA's validation split in that rest; of both, images with captions, and captions with letters or digits.
 * @param tally its numbers are raised by every image.
 * @throws CalmError bad_data ('file:line: …') on a record of another form.
 */
export function* commentsKnownTo(
  ava: KnownToAva,
  file: string,
  tally: CaptionsTally = newCaptionsTally(),
): Iterable<CommentedPhoto & { readonly split: 'train' | 'val' | 'test' }> {
  const validation = new Set((ava.val ?? []).map(({ id }) => id));
  const known = new Set([...[...ava.test, ...ava.train].map(({ id }) => id), ...validation]);
  for (const { value, line } of jsonElements(file, 'images')) {
    const image = captionedImageOf(value, file, line);
    tally.images += 1;
    tally.captions += image.captions.length;
    const captions = image.captions.filter((caption) => /[\p{L}\p{N}]/u.test(caption));
    if (image.split === 'train' && ava.testIds.has(image.id)) tally.leaks += 1;
    else if (!known.has(image.id)) tally.unknown += 1;
    else if (captions.length === 0) tally.withoutCaptions += 1;
    else {
      const split = image.split !== 'train' ? 'test' : validation.has(image.id) ? 'val' : 'train';
      tally[split] += 1;
      yield { id: image.id, captions, split };
    }
  }
}

/** All of them, by split. */
export function readAvaCaptions(file: string, ava: KnownToAva): AvaCaptions {
  const counts = newCaptionsTally();
  const bySplit: Record<'train' | 'val' | 'test', CommentedPhoto[]> = { train: [], val: [], test: [] };
  for (const { id, captions, split } of commentsKnownTo(ava, file, counts)) bySplit[split].push({ id, captions });
  return { ...bySplit, counts };
}

/** The counts alone: no comment is kept. Throws as `readAvaCaptions`. */
export function countAvaCaptions(file: string, ava: KnownToAva): CaptionsTally {
  const counts = newCaptionsTally();
  for (const comment of commentsKnownTo(ava, file, counts)) void comment;
  return counts;
}

function captionedImageOf(value: unknown, file: string, line: number): CaptionedImage {
  const record = (value ?? {}) as { imgid?: unknown; split?: unknown; sentences?: unknown };
  const { imgid, split, sentences } = record;
  if (typeof imgid !== 'number') throw badLine(file, line, 'an integer "imgid"', JSON.stringify(imgid) ?? 'none');
  if (split !== 'train' && split !== 'val' && split !== 'test') {
    throw badLine(file, line, '"split" train, val or test', JSON.stringify(split) ?? 'none');
  }
  if (!Array.isArray(sentences)) throw badLine(file, line, 'an array "sentences"', JSON.stringify(sentences) ?? 'none');
  const captions = sentences.map((sentence: unknown) => {
    const clean = (sentence as { clean?: unknown } | null)?.clean;
    if (typeof clean !== 'string')
      throw badLine(file, line, 'a string "clean" in each sentence', JSON.stringify(sentence));
    return clean;
  });
  return { id: imgid, split, captions };
}
