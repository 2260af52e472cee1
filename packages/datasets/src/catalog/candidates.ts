// Which photographs of the datasets of this machine may serve in which pool, before any is decoded. AVA's official test
// list decides: what is on it is in no training pool, whichever dataset it comes from; nor are photographs of the
// validation split, which are drawn from AVA's others.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, fileNamesIn, tallyInput, type DataConfig, type DatasetName, type InputUse } from '@calm-orch/core';
import { readAadb } from '../aadb/read.ts';
import { avaImageFolder, avaTestList, readAvaLabels } from '../ava/read.ts';
import { readIdList } from '../ava/rows.ts';
import { readEva } from '../eva/read.ts';
import { readIcaa17k } from '../icaa17k/read.ts';
import { conversationPath, conversationRoot, type ConversationSet } from '../llava/conversation-set.ts';
import { placedConversations, type Conversation } from '../llava/conversations.ts';
import { rowPlaces } from '../llava/row-places.ts';
import { readPccd } from '../pccd/read.ts';
import { readPexels } from '../pexels/read.ts';
import { isNoData, listedPath, withoutImage, type PhotoSet } from '../rated-photos.ts';
import { readSpaq } from '../spaq/read.ts';
import { readTad66k } from '../tad66k/read.ts';
import { drawn } from './draw.ts';
import { badLine } from '../text/lines.ts';
import type { CaptionedPhoto, LabeledPhoto } from './read.ts';

export type LabeledCandidate = LabeledPhoto & { readonly split: 'train' | 'val' | 'test' };
export interface UnlabeledCandidate {
  readonly path: string;
  readonly dataset: DatasetName;
}

/** The candidates of a pool, of which an item takes a slice: an array, or what reads the slice from its file. */
export interface CandidateList<Candidate> {
  readonly length: number;
  slice(start: number, end: number): Candidate[];
}

/** Datasets of the unlabelled pool in their order there (CALM, section 4.1), after AVA's training images. */
export const unlabeledReaders: readonly (readonly [
  DatasetName,
  (dir: string, avaIdsLeftOut: ReadonlySet<number>) => PhotoSet | Promise<PhotoSet>,
])[] = [
  ['AADB', readAadb],
  ['EVA', readEva],
  ['ICAA17K', readIcaa17k],
  ['PCCD', readPccd],
  ['SPAQ', readSpaq],
  ['TAD66K', readTad66k],
  ['Pexels', readPexels],
];

/** Told how many of what a dataset lists are used. */
export type TellUse = (use: InputUse) => void;

const quiet: TellUse = () => {};

/** Labelled photographs of AVA whose file is there, by id; at most `numTrain` and `numTest`, drawn by the seed, and `numVal`. */
export function labeledCandidates(data: DataConfig, tell: TellUse = quiet): LabeledCandidate[] {
  const { photos, idsWithoutImage, namesWithoutLabel } = avaPhotos(data);
  const side = (split: 'train' | 'test', limit: number): LabeledCandidate[] =>
    drawn(
      photos.filter((photo) => photo.split === split),
      limit,
      // Like the studio's, the test photographs are the same for every seed.
      split === 'train' ? [data.seed, split] : [split],
    );
  const validation = photos.filter(({ split }) => split === 'val');
  const chosen = [...side('train', data.numTrain), ...validation, ...side('test', data.numTest)].sort(
    (a, b) => a.id - b.id,
  );
  const isChosen = new Set(chosen.map(({ id }) => id));
  const [tally, images] = [tallyInput('AVA', 'labels'), tallyInput('AVA', 'images')];
  for (const id of idsWithoutImage) tally.leave(withoutImage, String(id));
  for (const { id, split } of photos) {
    if (isChosen.has(id)) tally.use();
    else tally.leave(split === 'test' ? 'beyond data.numTest' : 'beyond data.numTrain', String(id));
  }
  for (const name of namesWithoutLabel) images.leave('without a label', name);
  tell(tally.result());
  const unlabelled = images.result();
  const used = photos.length;
  if (unlabelled.given > 0) tell({ ...unlabelled, given: unlabelled.given + used, used });
  return filled(chosen, data, 'labelled', ['AVA']);
}

export interface AvaPhotos {
  /** In the order of the labels, as `idsWithoutImage`. */
  readonly photos: readonly LabeledCandidate[];
  readonly idsWithoutImage: readonly number[];
  readonly namesWithoutLabel: ReadonlySet<string>;
}

export function avaPhotos(data: Pick<DataConfig, 'roots' | 'numVal'>): AvaPhotos {
  const dir = wantedRoot(data, 'AVA', 'scores');
  const folder = avaImageFolder(dir);
  const names = new Set(fileNamesIn(folder));
  const testIds = avaTestIds(data);
  const photos: (LabeledPhoto & { split: LabeledCandidate['split'] })[] = [];
  const idsWithoutImage: number[] = [];
  for (const { id, meanScore } of readAvaLabels(dir)) {
    const name = `${id}.jpg`;
    if (!names.delete(name)) idsWithoutImage.push(id);
    // Not joined: what `join` returns is a chain of pieces, five times as large.
    else photos.push({ id, meanScore, path: `${folder}/${name}`, split: testIds.has(id) ? 'test' : 'train' });
  }
  for (const photo of validationOf(photos, data.numVal)) photo.split = 'val';
  return { photos, idsWithoutImage, namesWithoutLabel: names };
}

/**
 * Which of AVA's training photographs choose settings, the same for every seed: at most `numVal`, and a tenth of them, so that
 * a small copy keeps what it trains on.
 */
function validationOf<Photo extends LabeledCandidate>(photos: readonly Photo[], numVal: number): Photo[] {
  const train = photos.filter(({ split }) => split === 'train').sort((a, b) => a.id - b.id);
  return drawn(train, Math.min(numVal, Math.floor(train.length / 10)), ['val']);
}

const captionedSets = ['LLaVA-Pretrain', 'ShareGPT4V'] as const;

/**
 * Photographs with captions, LLaVA-Pretrain's before ShareGPT4V's; at most `numGeneric`, drawn by the seed. A slice of
 * them is read when it is asked for.
 */
export function genericCandidates(data: DataConfig, tell: TellUse = quiet): CandidateList<CaptionedPhoto> {
  const sets = captionedSets.filter((set) => data.roots[set] !== undefined);
  const files = sets.map((set): CaptionFile => {
    const dir = data.roots[set]!;
    return { set, path: conversationPath(dir, set), root: conversationRoot(dir, set) };
  });
  const places = rowPlaces(files.map(({ path }) => path));
  for (const [index, file] of files.entries()) {
    const tally = tallyInput(file.set, 'conversations');
    let row = 0;
    for (const { conversation, place } of placedConversations(file.path)) {
      const found = captionedPhoto(file, row, conversation);
      const missing = typeof found === 'string' ? found : existsSync(found.path) ? null : withoutImage;
      if (missing === null) {
        tally.use();
        places.add(index, row, place);
      } else tally.leave(missing, conversation.image ?? conversation.id);
      row += 1;
    }
    tell(tally.result());
  }
  const all = Array.from({ length: places.length() }, (_, i) => i);
  const setOf = (place: number): string => files[places.fileOf(place)]!.set;
  const chosen = filled(drawn(all, data.numGeneric, [data.seed, 'generic'], setOf), data, 'captioned', captionedSets);
  return {
    length: chosen.length,
    slice: (start, end) =>
      places.read(chosen.slice(start, end)).map(({ file, row, line, conversation }) => {
        const { path } = files[file]!;
        const found = captionedPhoto(files[file]!, row, conversation);
        if (typeof found !== 'string') return found;
        throw badLine(path, line, 'the row that stood there', 'another; run again when the file is whole');
      }),
  };
}

interface CaptionFile {
  readonly set: ConversationSet;
  readonly path: string;
  /** Of its images. */
  readonly root: string;
}

/** The photograph that a row (0-based) names, there or not; or why it names none. */
function captionedPhoto(
  { set, path, root }: CaptionFile,
  row: number,
  { image, turns }: Conversation,
): CaptionedPhoto | string {
  const caption = turns.find(({ from }) => from === 'gpt')?.value;
  if (caption === undefined) return 'without an answer';
  if (image === null || isNoData(image)) return withoutImage;
  return { id: `${set}/${row}`, path: listedPath(root, image, path, row + 1), caption };
}

/** The unlabelled pool: AVA without its test list, then the other datasets; at most `numUnlabeled`, drawn by the seed. */
export async function unlabeledCandidates(data: DataConfig, tell: TellUse = quiet): Promise<UnlabeledCandidate[]> {
  const all: UnlabeledCandidate[] = [];
  const ava = data.roots.AVA === undefined ? [] : avaPhotos(data).photos;
  const train = ava.filter(({ split }) => split === 'train');
  for (const { path } of train.sort((a, b) => a.id - b.id)) all.push({ path, dataset: 'AVA' });
  const heldOut = new Set([...avaTestIds(data), ...validationIdsOf(ava)]);
  for (const [dataset, read] of unlabeledReaders) {
    const root = data.roots[dataset];
    if (root === undefined) continue;
    const { photos, left } = await read(root, heldOut);
    const pooled = photos.filter(({ split }) => split !== 'test' || data.unlabeledTestSplits);
    for (const { path } of pooled) all.push({ path, dataset });
    const ofTest = photos.find(({ split }) => split === 'test' && !data.unlabeledTestSplits);
    const kinds = [
      ...left,
      ...(ofTest ? [{ reason: 'of a test split', count: photos.length - pooled.length, example: ofTest.name }] : []),
    ];
    const given = kinds.reduce((sum, { count }) => sum + count, pooled.length);
    tell({ what: dataset, noun: 'photographs', given, used: pooled.length, left: kinds });
  }
  return filled(
    drawn(all, data.numUnlabeled, [data.seed, 'unlabeled'], ({ dataset }) => dataset),
    data,
    'unlabelled',
    ['AVA', ...unlabeledReaders.map(([name]) => name)],
  );
}

/** Ids of AVA's validation split; empty where AVA is not named. */
export function avaValidationIds(data: DataConfig): ReadonlySet<number> {
  return validationIdsOf(data.roots.AVA === undefined ? [] : avaPhotos(data).photos);
}

function validationIdsOf(photos: readonly LabeledCandidate[]): ReadonlySet<number> {
  return new Set(photos.filter(({ split }) => split === 'val').map(({ id }) => id));
}

/** AVA's official test list; empty where AVA is not named. */
export function avaTestIds({ roots }: Pick<DataConfig, 'roots'>): ReadonlySet<number> {
  return new Set(roots.AVA === undefined ? [] : readIdList(join(roots.AVA, avaTestList)));
}

function filled<T>(items: T[], { roots }: DataConfig, what: string, from: readonly DatasetName[]): T[] {
  if (items.length > 0) return items;
  const named = Object.keys(roots).join(', ');
  throw new CalmError(
    'not_found',
    `data: there is no ${what} photograph; they come from ${from.join(', ')}, the file of --data names ${named}`,
  );
}

export function wantedRoot({ roots }: Pick<DataConfig, 'roots'>, name: DatasetName, what: string): string {
  const root = roots[name];
  if (root !== undefined) return root;
  throw new CalmError('not_found', `data: ${what} come from ${name}, which the file of --data does not name; add it`);
}
