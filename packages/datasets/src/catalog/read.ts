// What stages read of the artifact of stage `data`, the same whether the data are the studio's or datasets of this
// machine. The studio's artifact holds the datasets themselves in their real formats; that of `files` holds lists of the
// photographs that were found and decode, with absolute paths.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, type DatasetName, type DatasetRoots } from '@calm-orch/core';
import { avaCaptionsFile, readAvaCaptions, type CommentedPhoto } from '../ava-captions/captions-file.ts';
import { readAva } from '../ava/read.ts';
import { everything, recordsOf, type Slice } from '../text/line-lists.ts';
import { readConversations } from '../llava/conversations.ts';
import { catalogPaths, studioPaths, type UnlabeledEntry } from './layout.ts';

const catalogue = 'the catalogue';

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

const pick = ({ id, meanScore, path }: LabeledPhoto): LabeledPhoto => ({ id, meanScore, path });

/** Photographs with mean scores by split, each in a fixed order. */
export function labeledPhotos(data: string): { readonly train: LabeledPhoto[]; readonly test: LabeledPhoto[] } {
  if (!isCatalog(data)) {
    const { train, test } = readAva(join(data, studioPaths.ava));
    return { train: train.map(pick), test: test.map(pick) };
  }
  const all = partsOf<LabeledPhoto & { readonly split: 'train' | 'test' }>(data, 'labeled');
  const side = (wanted: string): LabeledPhoto[] => all.filter(({ split }) => split === wanted).map(pick);
  return { train: side('train'), test: side('test') };
}

/** A slice of both splits together, by id. */
export function labeledSlice(data: string, slice: Slice): LabeledPhoto[] {
  if (isCatalog(data)) return partsOf<LabeledPhoto>(data, 'labeled', slice).map(pick);
  const { train, test } = labeledPhotos(data);
  return sliced(
    [...train, ...test].sort((a, b) => a.id - b.id),
    slice,
  );
}

/** Comments by photograph and split; photographs without a label are left out. */
export function commentedPhotos(data: string): { readonly train: CommentedPhoto[]; readonly test: CommentedPhoto[] } {
  if (!isCatalog(data)) {
    const file = join(data, studioPaths.avaCaptions, avaCaptionsFile);
    const { train, test } = readAvaCaptions(file, readAva(join(data, studioPaths.ava)));
    return { train: [...train], test: [...test] };
  }
  const [train, test]: [CommentedPhoto[], CommentedPhoto[]] = [[], []];
  const all = recordsOf<CommentedPhoto & { readonly split: string }>([join(data, catalogPaths.captions)], catalogue);
  for (const { id, captions, split } of all) (split === 'train' ? train : test).push({ id, captions });
  return { train, test };
}

/** Photographs with a caption for generic pre-training, in a fixed order: all, or a slice of them. */
export function captionedPhotos(data: string, slice: Slice = everything): CaptionedPhoto[] {
  if (isCatalog(data)) return partsOf<CaptionedPhoto>(data, 'generic', slice);
  const all = [...readConversations(join(data, studioPaths.conversations))].flatMap(({ id, image, turns }) => {
    const caption = turns.find(({ from }) => from === 'gpt')?.value;
    return image === null || caption === undefined
      ? []
      : [{ id, path: join(data, studioPaths.conversationImages, image), caption }];
  });
  return sliced(all, slice);
}

/** The unlabelled pool, in a fixed order: all of it, or a slice. */
export function unlabeledPhotos(data: string, slice: Slice = everything): UnlabeledPhoto[] {
  if (isCatalog(data)) {
    const photos = partsOf<{ readonly path: string }>(data, 'unlabeled', slice);
    return photos.map(({ path }) => ({ file: path, subject: null }));
  }
  const index = join(data, studioPaths.unlabeledIndex);
  try {
    return sliced(JSON.parse(readFileSync(index, 'utf8')) as UnlabeledEntry[], slice);
  } catch (error) {
    const reason = (error as Error).message;
    throw new CalmError('bad_data', `cannot read ${index}: ${reason}; run the data stage again`, { cause: error });
  }
}

/** The root folder of a dataset, for stages that read its own format. Throws CalmError not_found. */
export function datasetFolder(data: string, name: DatasetName): string {
  if (!isCatalog(data)) return join(data, name);
  const roots = JSON.parse(readFileSync(join(data, catalogPaths.roots), 'utf8')) as DatasetRoots;
  const root = roots[name];
  if (root === undefined) throw new CalmError('not_found', `the file of --data names no ${name}; add its root folder`);
  return root;
}

function isCatalog(data: string): boolean {
  return existsSync(join(data, catalogPaths.roots));
}

function partsOf<T>(data: string, pool: string, slice: Slice = everything): T[] {
  const folder = join(data, catalogPaths.folder);
  const names = readdirSync(folder).filter((name) => name.startsWith(`${pool}-`));
  return [
    ...recordsOf<T>(
      names.sort().map((name) => join(folder, name)),
      catalogue,
      slice,
    ),
  ];
}

const sliced = <T>(items: readonly T[], { first, count }: Slice): T[] => items.slice(first, first + count);
