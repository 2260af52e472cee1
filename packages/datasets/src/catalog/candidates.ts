// Which photographs of the datasets of this machine may serve in which pool, before any is decoded. AVA's official test
// list decides: what is on it is in no training pool, whichever dataset it comes from.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, tallyInput, type DataConfig, type DatasetName, type InputUse } from '@calm-orch/core';
import { readAadb } from '../aadb/read.ts';
import { avaImageFolder, avaTestList, readAvaLabels } from '../ava/read.ts';
import { readIdList } from '../ava/rows.ts';
import { readEva } from '../eva/read.ts';
import { readIcaa17k } from '../icaa17k/read.ts';
import { fileNamesIn } from '../images/image-files.ts';
import { conversationPath, conversationRoot } from '../llava/conversation-set.ts';
import { readConversations } from '../llava/conversations.ts';
import { readPccd } from '../pccd/read.ts';
import { readPexels } from '../pexels/read.ts';
import { isNoData, listedPath, withoutImage, type PhotoSet } from '../rated-photos.ts';
import { readSpaq } from '../spaq/read.ts';
import { readTad66k } from '../tad66k/read.ts';
import { drawn } from './draw.ts';
import type { CaptionedPhoto, LabeledPhoto } from './read.ts';

export type LabeledCandidate = LabeledPhoto & { readonly split: 'train' | 'test' };
export interface UnlabeledCandidate {
  readonly path: string;
  readonly dataset: DatasetName;
}

/** Datasets of the unlabelled pool in their order there (CALM, section 4.1), after AVA's training images. */
export const unlabeledReaders: readonly (readonly [
  DatasetName,
  (dir: string, avaTestIds: ReadonlySet<number>) => PhotoSet | Promise<PhotoSet>,
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

/** Labelled photographs of AVA whose file is there, by id; at most `numTrain` and `numTest`, drawn by the seed. */
export function labeledCandidates(data: DataConfig, tell: TellUse = quiet): LabeledCandidate[] {
  const dir = wantedRoot(data, 'AVA', 'scores');
  const folder = avaImageFolder(dir);
  const present = new Set(fileNamesIn(folder));
  const testIds = avaTestIds(data);
  const labels = readAvaLabels(dir);
  const all = labels
    .filter(({ id }) => present.has(`${id}.jpg`))
    .map(({ id, meanScore }): LabeledCandidate => {
      return { id, meanScore, path: join(folder, `${id}.jpg`), split: testIds.has(id) ? 'test' : 'train' };
    });
  const side = (split: 'train' | 'test', limit: number): LabeledCandidate[] =>
    drawn(
      all.filter((photo) => photo.split === split),
      limit,
      // Like the studio's, the test photographs are the same for every seed.
      split === 'train' ? [data.seed, split] : [split],
    );
  const chosen = [...side('train', data.numTrain), ...side('test', data.numTest)].sort((a, b) => a.id - b.id);
  const [isChosen, labelled] = [new Set(chosen.map(({ id }) => id)), new Set(labels.map(({ id }) => `${id}.jpg`))];
  const [tally, images] = [tallyInput('AVA', 'labels'), tallyInput('AVA', 'images')];
  for (const { id } of labels) {
    if (isChosen.has(id)) tally.use();
    else if (!present.has(`${id}.jpg`)) tally.leave(withoutImage, String(id));
    else tally.leave(testIds.has(id) ? 'beyond data.numTest' : 'beyond data.numTrain', String(id));
  }
  for (const name of present) if (!labelled.has(name)) images.leave('without a label', name);
  tell(tally.result());
  const unlabelled = images.result();
  if (unlabelled.given > 0) tell({ ...unlabelled, given: present.size, used: present.size - unlabelled.given });
  return filled(chosen, data, 'labelled', ['AVA']);
}

/** Photographs with captions, LLaVA-Pretrain's before ShareGPT4V's; at most `numGeneric`, drawn by the seed. */
export function genericCandidates(data: DataConfig, tell: TellUse = quiet): CaptionedPhoto[] {
  const sets = (['LLaVA-Pretrain', 'ShareGPT4V'] as const).filter((set) => data.roots[set] !== undefined);
  const all = sets.flatMap((set) => {
    const dir = data.roots[set]!;
    const [path, root] = [conversationPath(dir, set), conversationRoot(dir, set)];
    const tally = tallyInput(set, 'conversations');
    const found = [...readConversations(path)].flatMap(({ id, image, turns }, row) => {
      const caption = turns.find(({ from }) => from === 'gpt')?.value;
      const file = image === null || isNoData(image) ? null : listedPath(root, image, path, row + 1);
      if (caption !== undefined && file !== null && existsSync(file)) {
        tally.use();
        return [{ id: `${set}/${row}`, path: file, caption }];
      }
      tally.leave(caption === undefined ? 'without an answer' : withoutImage, image ?? id);
      return [];
    });
    tell(tally.result());
    return found;
  });
  return filled(drawn(all, data.numGeneric, [data.seed, 'generic'], setOf), data, 'captioned', [
    'LLaVA-Pretrain',
    'ShareGPT4V',
  ]);
}

/** Ids begin with the set's name. */
const setOf = ({ id }: CaptionedPhoto): string => id.slice(0, id.indexOf('/'));

/** The unlabelled pool: AVA without its test list, then the other datasets; at most `numUnlabeled`, drawn by the seed. */
export async function unlabeledCandidates(data: DataConfig, tell: TellUse = quiet): Promise<UnlabeledCandidate[]> {
  const all: UnlabeledCandidate[] = [];
  const testIds = avaTestIds(data);
  if (data.roots.AVA !== undefined) {
    const everything = { ...data, numTrain: Number.MAX_SAFE_INTEGER, numTest: Number.MAX_SAFE_INTEGER };
    for (const { split, path } of labeledCandidates(everything)) {
      if (split === 'train') all.push({ path, dataset: 'AVA' });
    }
  }
  for (const [dataset, read] of unlabeledReaders) {
    const root = data.roots[dataset];
    if (root === undefined) continue;
    const { photos, left } = await read(root, testIds);
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
