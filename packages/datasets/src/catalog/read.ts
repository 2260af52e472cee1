// What stages read of the artifacts of the stages `data`, the same whether the data are the studio's or datasets of this
// machine. The studio's hold the datasets themselves in their real formats; those of `files` hold lists of the
// photographs that were found and decode, with absolute paths.
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, type EvaluationSplit } from '@calm-orch/core';
import { avaCaptionsFile, readAvaCaptions, type CommentedPhoto } from '../ava-captions/captions-file.ts';
import { readAva } from '../ava/read.ts';
import { everything, recordsOf, sliced, type Slice } from '../text/line-lists.ts';
import { linesOfFile } from '../text/lines.ts';
import { readConversations } from '../llava/conversations.ts';
import { catalogPaths, studioPaths, type UnlabeledEntry } from './layout.ts';
import { questionsAndAnswers, type Questions } from './question-candidates.ts';

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

/** By split, each in a fixed order. */
type BySplit<Photo> = Readonly<Record<'train' | EvaluationSplit, Photo[]>>;

/** Artifacts of `data labeled` and `data comments`, and of `data validation` where there is one. */
export interface LabeledInputs {
  readonly data?: string;
  readonly comments?: string;
  readonly validation?: string;
}

/** Photographs with mean scores. Of the studio's `val` is empty: it is an artifact of its own (`evaluatedPhotos`). */
export function labeledPhotos(data: string): BySplit<LabeledPhoto> {
  if (!isCatalog(data)) {
    const { train, test } = readAva(join(data, studioPaths.ava));
    return { train: train.map(pick), val: [], test: test.map(pick) };
  }
  const all = partsOf<LabeledPhoto & { readonly split: string }>(data, 'labeled');
  const side = (wanted: string): LabeledPhoto[] => all.filter(({ split }) => split === wanted).map(pick);
  return { train: side('train'), val: side('val'), test: side('test') };
}

/** Photographs with mean scores that are evaluated on. @throws CalmError `bad_data` where there are none */
export function evaluatedPhotos({ data, validation }: LabeledInputs, split: EvaluationSplit): LabeledPhoto[] {
  return some(validation === undefined ? labeledPhotos(data!)[split] : labeledPhotos(validation).test, split);
}

/** The same with comments. */
export function evaluatedComments(inputs: LabeledInputs, split: EvaluationSplit): CommentedPhoto[] {
  const { data, comments, validation } = inputs;
  return some(
    validation === undefined ? commentedPhotos(comments!, data!)[split] : commentedPhotos(validation, validation).test,
    split,
  );
}

function some<Photo>(photos: Photo[], split: EvaluationSplit): Photo[] {
  if (photos.length > 0) return photos;
  const limit = split === 'val' ? "data.numVal, of AVA's training photographs a tenth at most" : 'data.numTest';
  throw new CalmError('bad_data', `no photograph of the ${split} split is there to evaluate on; its limit is ${limit}`);
}

/** A slice of all splits together, by id. */
export function labeledSlice(data: string, slice: Slice): LabeledPhoto[] {
  if (isCatalog(data)) return partsOf<LabeledPhoto>(data, 'labeled', slice).map(pick);
  const { train, test } = labeledPhotos(data);
  return sliced(
    [...train, ...test].sort((a, b) => a.id - b.id),
    slice,
  );
}

/**
 * Comments by photograph and split; photographs without a label are left out.
 * @param comments Artifact of `data comments`. @param labeled That of `data labeled`.
 */
export function commentedPhotos(comments: string, labeled: string): BySplit<CommentedPhoto> {
  const captions = join(comments, catalogPaths.captions);
  if (!existsSync(captions)) {
    const file = join(comments, studioPaths.avaCaptions, avaCaptionsFile);
    const { train, test } = readAvaCaptions(file, readAva(join(labeled, studioPaths.ava)));
    return { train: [...train], val: [], test: [...test] };
  }
  const bySplit: BySplit<CommentedPhoto> = { train: [], val: [], test: [] };
  const all = recordsOf<CommentedPhoto & { readonly split: keyof typeof bySplit }>([captions], catalogue);
  for (const { id, captions: own, split } of all) bySplit[split].push({ id, captions: own });
  return bySplit;
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

/** Photographs with questions that are not among the labelled ones, in a fixed order; the studio has none. */
export function askedPhotos(data: string, slice: Slice = everything): { readonly path: string }[] {
  return isCatalog(data) ? partsOf<{ readonly path: string }>(data, 'questions', slice) : [];
}

/**
 * The questions, in a fixed order; `photos` are ids: of labelled photographs in the studio's data, otherwise paths. Each
 * comes with a way to read its conversations again, so that nobody has to keep them.
 */
export function* storedQuestions(
  data: string,
): Iterable<Questions & { readonly again: () => Questions['conversations'] }> {
  if (!isCatalog(data)) {
    for (const { id, turns } of readConversations(join(data, studioPaths.questions))) {
      const conversations = questionsAndAnswers(turns).map((turn) => [turn]);
      if (conversations.length > 0) yield { set: 'words', id, photos: [id], conversations, again: () => conversations };
    }
    return;
  }
  for (const path of partFiles(data, 'asked')) {
    let start = 0;
    for (const { text } of linesOfFile(path, 'the catalogue')) {
      const [from, size] = [start, Buffer.byteLength(text)];
      start += size + 1;
      const again = (): Questions['conversations'] => (JSON.parse(textAt(path, from, size)) as Questions).conversations;
      yield { ...(JSON.parse(text) as Questions), again };
    }
  }
}

function textAt(path: string, start: number, size: number): string {
  const descriptor = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(size);
    readSync(descriptor, bytes, 0, size, start);
    return bytes.toString('utf8');
  } finally {
    closeSync(descriptor);
  }
}

function isCatalog(data: string): boolean {
  return existsSync(join(data, catalogPaths.folder));
}

function partsOf<T>(data: string, pool: string, slice: Slice = everything): T[] {
  return [...recordsOf<T>(partFiles(data, pool), catalogue, slice)];
}

function partFiles(data: string, pool: string): string[] {
  const folder = join(data, catalogPaths.folder);
  const names = readdirSync(folder).filter((name) => name.startsWith(`${pool}-`));
  return names.sort().map((name) => join(folder, name));
}
