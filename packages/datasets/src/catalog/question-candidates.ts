// Which photographs of the datasets of this machine questions are about, and those questions (CALM-E), before any photograph is
// decoded. Labels of test splits are not asked for, nor of photographs on AVA's official test list or of the validation
// split, nor of those that suggesting may be evaluated on. LLaVA-1.5's mix, 1.2 GB of JSON, is never held: it is gone through twice.
import { existsSync } from 'node:fs';
import {
  judgedDatasets,
  questionSets,
  tallyInput,
  type DataConfig,
  type LeftOutKind,
  type QuestionSet,
} from '@calm-orch/core';
import { comparisons, wordQuestions, type Asked, type QuestionAnswer } from '../aesthetic-qa/questions.ts';
import { conversationPath, conversationRoot, existingOf } from '../llava/conversation-set.ts';
import { readConversations, type Turn } from '../llava/conversations.ts';
import { splitImageToken } from '../llava/image-token.ts';
import { rankedPccdPhotos } from '../pccd/best.ts';
import type { PccdPhoto } from '../pccd/read.ts';
import { isNoData, listedPath, withoutImage, type RatedPhoto } from '../rated-photos.ts';
import {
  avaTestIds,
  avaValidationIds,
  unlabeledReaders,
  wantedRoot,
  type CandidateList,
  type TellUse,
} from './candidates.ts';
import { drawn } from './draw.ts';

/** What may be asked about photographs. */
export interface Questions {
  readonly set: QuestionSet;
  /** Of these. */
  readonly id: string;
  /** Paths, in the order in which the questions speak of them. */
  readonly photos: readonly string[];
  /** One of them at a time, all of its turns. */
  readonly conversations: readonly (readonly QuestionAnswer[])[];
}

const mix = 'LLaVA-Mix665k';

/** Photographs with questions, each once; at most `numQuestions`, drawn by the seed. */
export async function questionCandidates(
  data: DataConfig,
  tell: TellUse = () => {},
): Promise<CandidateList<{ readonly path: string }>> {
  /** Path -> the dataset, or the image set of the mix. */
  const sources = new Map<string, string>();
  for (const dataset of judgedDatasets)
    for (const { path } of await judgedPhotos(data, dataset, tell)) sources.set(path, dataset);
  for (const { path, set } of mixConversations(data, { tell })) if (!sources.has(path)) sources.set(flat(path), set);
  const paths = fairlyDrawn(sources, data);
  return { length: paths.length, slice: (start, end) => paths.slice(start, end).map((path) => ({ path })) };
}

/** The text in one piece: what `join` returns is a chain of pieces, several times as large. */
const flat = (text: string): string => Buffer.from(text).toString();

/** Half of the limit is shared out alike, so that no source is drawn away; the rest is drawn from all that are left. */
function fairlyDrawn(
  sources: ReadonlyMap<string, string>,
  { numQuestions, seed }: Pick<DataConfig, 'numQuestions' | 'seed'>,
): readonly string[] {
  const all = [...sources.keys()];
  if (all.length <= numQuestions) return all;
  const names = [...new Set(sources.values())];
  const each = Math.floor(numQuestions / (2 * names.length));
  const shareOf = (name: string): string[] => {
    const own = all.filter((path) => sources.get(path) === name);
    return drawn(own, each, [seed, 'questions', name]);
  };
  const chosen = new Set(names.flatMap(shareOf));
  const rest = all.filter((path) => !chosen.has(path));
  for (const path of drawn(rest, numQuestions - chosen.size, [seed, 'questions'])) chosen.add(path);
  return all.filter((path) => chosen.has(path));
}

/** The questions about photographs that are all among `chosen`, in a fixed order. */
export async function* questionsAbout(data: DataConfig, chosen: ReadonlySet<string>): AsyncIterable<Questions> {
  for (const dataset of judgedDatasets) {
    const photos = (await judgedPhotos(data, dataset)).filter(({ path }) => chosen.has(path));
    const of = ({ photos: about, conversations }: Asked, set: QuestionSet, number: number): Questions => {
      return { set, id: `${dataset}/${set}/${number}`, photos: about.map(({ path }) => path), conversations };
    };
    let number = 0;
    for (const asked of wordQuestions(dataset, photos)) yield of(asked, 'words', number++);
    for (const asked of comparisons(dataset, photos, data.seed)) yield of(asked, 'comparisons', number++);
  }
  for (const { row, set, path, turns } of mixConversations(data, { chosen }))
    yield { set, id: `${mix}/${row}`, photos: [path], conversations: [questionsAndAnswers(turns)] };
}

/** The photographs of a dataset whose labels may be asked for. */
async function judgedPhotos(
  data: DataConfig,
  dataset: (typeof judgedDatasets)[number],
  tell?: TellUse,
): Promise<RatedPhoto[]> {
  // EVA's photographs are AVA's.
  const [testIds, validationIds] =
    dataset === 'EVA' ? [avaTestIds(data), avaValidationIds(data)] : [new Set<number>(), new Set<number>()];
  const [, read] = unlabeledReaders.find(([name]) => name === dataset)!;
  const { photos, left } = await read(wantedRoot(data, dataset, 'questions'), new Set());
  const suggested = new Set(dataset === 'PCCD' ? suggestingPhotos(photos as readonly PccdPhoto[]) : []);
  const reasonOf = (photo: RatedPhoto): string | null =>
    photo.split === 'test'
      ? 'of a test split'
      : photo.avaId !== undefined && testIds.has(photo.avaId)
        ? "on AVA's test list"
        : photo.avaId !== undefined && validationIds.has(photo.avaId)
          ? 'of the validation split'
          : suggested.has(photo.name)
            ? 'held back for suggesting'
            : null;
  const tally = tallyInput(dataset, 'photographs with labels');
  const kept = photos.filter((photo) => {
    const reason = reasonOf(photo);
    if (reason === null) tally.use();
    else tally.leave(reason, photo.name);
    return reason === null;
  });
  const use = tally.result();
  const others = left.reduce((sum: number, { count }: LeftOutKind) => sum + count, 0);
  tell?.({ ...use, given: use.given + others, left: [...left, ...use.left] });
  return kept;
}

/** Among which are those of table 4: the 100 best that decode. Of a small set the worse half is asked about. */
const suggestingPhotos = (photos: readonly PccdPhoto[]): string[] =>
  rankedPccdPhotos(photos)
    .slice(0, Math.min(200, Math.floor(photos.length / 2)))
    .map(({ name }) => name);

interface MixConversation {
  /** Position in the file, 0-based. */
  readonly row: number;
  readonly set: QuestionSet;
  readonly path: string;
  readonly turns: readonly Turn[];
}

/** @param chosen Photographs that are known to be there; others are passed over. @default all that are there */
function* mixConversations(
  data: DataConfig,
  { tell, chosen }: { readonly tell?: TellUse; readonly chosen?: ReadonlySet<string> },
): Iterable<MixConversation> {
  const dir = wantedRoot(data, mix, 'questions');
  const [file, root] = [conversationPath(dir, mix), conversationRoot(dir, mix)];
  const tally = tallyInput(mix, 'conversations');
  const isThere = chosen === undefined ? existsSync : (path: string): boolean => chosen.has(path);
  let row = -1;
  for (const { id, image, turns } of readConversations(file)) {
    row += 1;
    const leave = (reason: string): void => tally.leave(reason, image ?? id);
    if (image === null) {
      leave('of text alone');
      continue;
    }
    const set = questionSets.find((name) => image.startsWith(`${name}/`));
    const path = isNoData(image) ? null : photoAt(listedPath(root, image, file, row + 1), isThere);
    if (chosen !== undefined && path === null) continue;
    if (set === undefined) leave('of no known image set');
    else if (path === null) leave(withoutImage);
    else if (!turns.some(({ from }, i) => from === 'gpt' && turns[i - 1]?.from === 'human')) leave('without an answer');
    else {
      tally.use();
      yield { row, set, path, turns };
    }
  }
  tell?.(tally.result());
}

/** A photograph as it is listed, or as it was downloaded under another name. */
function photoAt(listed: string, isThere: (path: string) => boolean): string | null {
  if (isThere(listed)) return listed;
  const other = existingOf(listed);
  return other !== listed && isThere(other) ? other : null;
}

/** Turns of the two by turns; a question without an answer is left out. */
export function questionsAndAnswers(turns: readonly Turn[]): QuestionAnswer[] {
  return turns.flatMap(({ from, value }, i) => {
    const answer = turns[i + 1];
    if (from !== 'human' || answer?.from !== 'gpt') return [];
    return [{ question: splitImageToken(value).text, answer: answer.value }];
  });
}
