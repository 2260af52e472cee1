// What a stage `data` writes where the data are datasets of this machine: of a pool, an item decodes a slice of the
// candidates and lists those that are photographs; of the comments, all. Nothing is copied.
import { join } from 'node:path';
import {
  CalmError,
  canonicalJson,
  questionSets,
  writeFileAtomic,
  type DataConfig,
  type DataItem,
  type InputUse,
  type QuestionSet,
} from '@calm-orch/core';
import { avaCaptionsFile, commentsKnownTo, newCaptionsTally } from '../ava-captions/captions-file.ts';
import { checkImage } from '../images/check-image.ts';
import {
  avaTestIds,
  genericCandidates,
  labeledCandidates,
  unlabeledCandidates,
  wantedRoot,
  type CandidateList,
  type TellUse,
} from './candidates.ts';
import { catalogPart, catalogPaths, catalogUse, questionsPart } from './layout.ts';
import { questionCandidates, questionsAbout } from './question-candidates.ts';

export interface WriteCatalogOptions {
  readonly data: DataConfig;
  readonly item: DataItem;
  readonly outputDir: string;
  readonly signal?: AbortSignal;
  /** Called after each photograph with the number done so far. */
  readonly onPhoto?: (numDone: number) => void;
}

export interface CatalogResult {
  readonly kept: number;
  /** Photographs that could not be used, with the reason. */
  readonly dropped: readonly { readonly path: string; readonly reason: string }[];
}

const decodedAtOnce = 4;
const pieceLength = 1 << 20;

/** Writes one item under `outputDir`. Throws CalmError not_found, bad_data ('file:line: …'), cancelled. */
export async function writeCatalog(options: WriteCatalogOptions): Promise<CatalogResult> {
  const { data, item, outputDir, signal, onPhoto } = options;
  const { candidates, uses } = await remembered(data, item.pool);
  if (item.first === 0) writeFileAtomic(join(outputDir, catalogUse(item.pool)), `${JSON.stringify(uses, null, 1)}\n`);
  if (item.first === 0 && item.pool === 'questions') await writeQuestions(data, candidates, outputDir);
  const mine = candidates.slice(item.first, item.first + item.count);
  const lines: string[] = [];
  const dropped: { path: string; reason: string }[] = [];
  for (let start = 0; start < mine.length; start += decodedAtOnce) {
    if (signal?.aborted) throw new CalmError('cancelled', `data: cancelled in pool ${item.pool}`);
    const some = mine.slice(start, start + decodedAtOnce);
    const reasons = await Promise.all(
      some.map(({ path }) => checkImage(path, { withMask: item.pool === 'unlabeled' })),
    );
    some.forEach((candidate, i) => {
      const reason = reasons[i]!;
      if (reason === null) lines.push(`${JSON.stringify(candidate)}\n`);
      else dropped.push({ path: candidate.path, reason });
      onPhoto?.(start + i + 1);
    });
  }
  writeFileAtomic(join(outputDir, catalogPart(item.pool, item.first)), lines.join(''));
  if (dropped.length > 0) {
    const path = join(outputDir, catalogPaths.folder, `dropped-${item.pool}-${item.first}.json`);
    writeFileAtomic(path, `${JSON.stringify(dropped, null, 1)}\n`);
  }
  return { kept: lines.length, dropped };
}

/** The candidates of the last item: reading all labels again for each slice would take longer than decoding it. */
let last: { readonly key: string; readonly found: Promise<Candidates> } | null = null;

interface Candidates {
  readonly candidates: CandidateList<{ readonly path: string }>;
  readonly uses: readonly InputUse[];
}

function remembered(data: DataConfig, pool: DataItem['pool']): Promise<Candidates> {
  const key = canonicalJson([data, pool]);
  if (last?.key !== key) last = { key, found: candidatesOf(data, pool) };
  return last.found;
}

async function candidatesOf(data: DataConfig, pool: DataItem['pool']): Promise<Candidates> {
  const uses: InputUse[] = [];
  const tell: TellUse = (use) => void uses.push(use);
  if (pool === 'validation')
    throw new CalmError('internal', "data validation: AVA's validation photographs are among the labelled ones");
  const find = {
    labeled: labeledCandidates,
    generic: genericCandidates,
    unlabeled: unlabeledCandidates,
    questions: questionCandidates,
  }[pool];
  return { candidates: await find(data, tell), uses };
}

/** Questions in a file: some MB, all of them in memory at a time. */
const questionsPerFile = 2000;

/** Writes the questions about these photographs, a file at a time, and how many there are of each set. */
async function writeQuestions(data: DataConfig, photos: Candidates['candidates'], outputDir: string): Promise<void> {
  const chosen = new Set(photos.slice(0, photos.length).map(({ path }) => path));
  const counts = Object.fromEntries(questionSets.map((set) => [set, 0])) as Record<QuestionSet, number>;
  let number = 0;
  let lines: string[] = [];
  const flush = (): void => {
    writeFileAtomic(join(outputDir, questionsPart(number - lines.length)), lines.join(''));
    lines = [];
  };
  for await (const questions of questionsAbout(data, chosen)) {
    counts[questions.set] += 1;
    lines.push(`${JSON.stringify(questions)}\n`);
    number += 1;
    if (lines.length === questionsPerFile) flush();
  }
  if (lines.length > 0 || number === 0) flush();
  writeFileAtomic(join(outputDir, catalogPaths.report), `${JSON.stringify({ questions: counts }, null, 1)}\n`);
}

/** Writes the comments of AVA-Captions on the labelled photographs, and counts of both. Throws CalmError as `writeCatalog`. */
export function writeCatalogComments(data: DataConfig, outputDir: string): void {
  const labeled = labeledCandidates(data);
  const side = (split: string) => labeled.filter((photo) => photo.split === split);
  const ava = { train: side('train'), val: side('val'), test: side('test'), testIds: avaTestIds(data) };
  const captions = wantedRoot(data, 'AVA-Captions', 'comments');
  const counts = newCaptionsTally();
  const known = commentsKnownTo(ava, join(captions, avaCaptionsFile), counts);
  writeFileAtomic(join(outputDir, catalogPaths.captions), jsonLines(known));
  if (counts.train === 0)
    throw new CalmError(
      'bad_data',
      `data: AVA-Captions has no comment on any of the ${ava.train.length} training photographs; name more of them with data.numTrain`,
    );
  writeFileAtomic(join(outputDir, catalogPaths.report), `${JSON.stringify({ 'AVA-Captions': counts }, null, 1)}\n`);
}

/** A line a record, in pieces of some size: millions of comments are never in memory together. */
function* jsonLines(records: Iterable<unknown>): Iterable<Buffer> {
  let text = '';
  for (const record of records) {
    text += `${JSON.stringify(record)}\n`;
    if (text.length < pieceLength) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}
