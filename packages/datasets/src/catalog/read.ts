// What stages read of the artifacts of the stages `data`, the same whether the data are the studio's or datasets of this
// machine. The studio's hold the datasets themselves in their real formats; those of `files` hold lists of the
// photographs that were found and decode, with absolute paths.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError } from '@calm-orch/core';
import { avaCaptionsFile, readAvaCaptions, type CommentedPhoto } from '../ava-captions/captions-file.ts';
import { readAva } from '../ava/read.ts';
import { linesOfFile } from '../text/lines.ts';
import { readConversations } from '../llava/conversations.ts';
import { catalogPaths, studioPaths, type UnlabeledEntry } from './layout.ts';

export interface LabeledPhoto {
  readonly id: number;
  /** 1..10. */
  readonly meanScore: number;
  readonly path: string;
}

export interface CaptionedPhoto {
  readonly id: string;
  readonly path: string;
  readonly caption: string;
}

export interface UnlabeledPhoto {
  /** Absolute, or relative to the artifact. */
  readonly file: string;
  readonly subject: UnlabeledEntry['subject'];
  /** Mask of the foreground, relative to the artifact; one may also lie beside a photograph of a dataset. */
  readonly mask?: string;
}

/** Photographs with mean scores by split, each in a fixed order. */
export function labeledPhotos(data: string): { readonly train: LabeledPhoto[]; readonly test: LabeledPhoto[] } {
  if (!isCatalog(data)) {
    const pick = ({ id, meanScore, path }: LabeledPhoto): LabeledPhoto => ({ id, meanScore, path });
    const { train, test } = readAva(join(data, studioPaths.ava));
    return { train: train.map(pick), test: test.map(pick) };
  }
  const all = partsOf<LabeledPhoto & { readonly split: 'train' | 'test' }>(data, 'labeled');
  const side = (wanted: string): LabeledPhoto[] =>
    all.filter(({ split }) => split === wanted).map(({ id, meanScore, path }) => ({ id, meanScore, path }));
  return { train: side('train'), test: side('test') };
}

/**
 * Comments by photograph and split; photographs without a label are left out.
 * @param comments Artifact of `data comments`. @param labeled That of `data labeled`.
 */
export function commentedPhotos(
  comments: string,
  labeled: string,
): { readonly train: CommentedPhoto[]; readonly test: CommentedPhoto[] } {
  const captions = join(comments, catalogPaths.captions);
  if (!existsSync(captions)) {
    const file = join(comments, studioPaths.avaCaptions, avaCaptionsFile);
    const { train, test } = readAvaCaptions(file, readAva(join(labeled, studioPaths.ava)));
    return { train: [...train], test: [...test] };
  }
  const all = [...linesOf<CommentedPhoto & { readonly split: string }>(captions)];
  const side = (wanted: string): CommentedPhoto[] =>
    all.filter(({ split }) => split === wanted).map(({ id, captions }) => ({ id, captions }));
  return { train: side('train'), test: side('test') };
}

/** Photographs with a caption for generic pre-training, in a fixed order. */
export function captionedPhotos(data: string): CaptionedPhoto[] {
  if (isCatalog(data)) return partsOf<CaptionedPhoto>(data, 'generic');
  return [...readConversations(join(data, studioPaths.conversations))].flatMap(({ id, image, turns }) => {
    const caption = turns.find(({ from }) => from === 'gpt')?.value;
    return image === null || caption === undefined
      ? []
      : [{ id, path: join(data, studioPaths.conversationImages, image), caption }];
  });
}

/** The unlabelled pool, in a fixed order. */
export function unlabeledPhotos(data: string): UnlabeledPhoto[] {
  if (isCatalog(data)) {
    return partsOf<{ readonly path: string }>(data, 'unlabeled').map(({ path }) => ({ file: path, subject: null }));
  }
  const index = join(data, studioPaths.unlabeledIndex);
  try {
    return JSON.parse(readFileSync(index, 'utf8')) as UnlabeledEntry[];
  } catch (error) {
    const reason = (error as Error).message;
    throw new CalmError('bad_data', `cannot read ${index}: ${reason}; run the data stage again`, { cause: error });
  }
}

function isCatalog(data: string): boolean {
  return existsSync(join(data, catalogPaths.folder));
}

function partsOf<T>(data: string, pool: string): T[] {
  return readdirSync(join(data, catalogPaths.folder))
    .filter((name) => name.startsWith(`${pool}-`))
    .sort()
    .flatMap((name) => [...linesOf<T>(join(data, catalogPaths.folder, name))]);
}

function* linesOf<T>(path: string): Iterable<T> {
  for (const { text } of linesOfFile(path, 'the catalogue')) yield JSON.parse(text) as T;
}
