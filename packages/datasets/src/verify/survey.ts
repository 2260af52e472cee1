// Every dataset read once, whole: its counts beside the published ones, and the image files it leads to.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, type DatasetName, type LeftOutKind } from '@calm-orch/core';
import { readAadb } from '../aadb/read.ts';
import { absentTestIds } from '../ava/absent-test-ids.ts';
import { readAvaLists, readAvaNames, readAvaStyles, type AvaStyles } from '../ava/lists.ts';
import { readAva, type Ava } from '../ava/read.ts';
import { avaCaptionsFile, countAvaCaptions } from '../ava-captions/captions-file.ts';
import { rawCommentsFile, readRawComments } from '../ava-captions/raw-comments.ts';
import { readEva } from '../eva/read.ts';
import { readFlickrAes } from '../flickr-aes/read.ts';
import { flickrAesFiles } from '../flickr-aes/rows.ts';
import { readIcaa17k } from '../icaa17k/read.ts';
import { imageNamesIn } from '../images/image-files.ts';
import { newTally, readConversationSet, type ConversationSet } from '../llava/conversation-set.ts';
import { readPccd } from '../pccd/read.ts';
import { readPexels } from '../pexels/read.ts';
import type { PhotoSet } from '../rated-photos.ts';
import { readSpaq } from '../spaq/read.ts';
import { readTad66k } from '../tad66k/read.ts';

export interface Survey {
  readonly counts: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
  /** Files that are there and begin like an image. */
  readonly images: readonly string[];
}

/** What one dataset must know of another: AVA, to find its test images elsewhere. null: AVA is not named. */
export interface SurveyContext {
  readonly ava: () => Ava | null;
}

/** Counts as published with the datasets, or as the paper uses them (docs/data.md says which). */
export const publishedCounts: Readonly<Record<DatasetName, Readonly<Record<string, number>>>> = {
  AVA: { labeled: 255_530, testListed: 20_000, testWithoutLabel: 70, tags: 66, challenges: 1398, styleTrain: 11_270, styleTest: 2809 }, // prettier-ignore
  'AVA-Captions': { train: 210_000, test: 9361 },
  'FLICKR-AES': { ratings: 193_208, images: 40_000, testWorkers: 37, testImages: 4737 },
  PCCD: { photographs: 4235 },
  EVA: { categorized: 5101, votes: 136_943, voted: 4070, leaks: 490 },
  AADB: { train: 8458, validation: 500, test: 1000 },
  SPAQ: { photographs: 11_125 },
  TAD66K: { train: 52_248, test: 14_079, themes: 47, splitDisagreements: 478 },
  ICAA17K: { train: 15_734, test: 1617 },
  Pexels: { train: 100_000, validation: 15_000, test: 15_000 },
  'LLaVA-Pretrain': { rows: 558_128 },
  ShareGPT4V: { rows: 102_025 },
  'LLaVA-Mix665k': { rows: 665_298 },
};

type Surveyor = (dir: string, context: SurveyContext) => Survey | Promise<Survey>;

export const surveyors: Readonly<Record<DatasetName, Surveyor>> = {
  AVA: (_dir, { ava }) => surveyAva(_dir, ava()),
  'AVA-Captions': surveyCaptions,
  'FLICKR-AES': surveyFlickrAes,
  PCCD: (dir) => surveyOf(readPccd(dir)),
  EVA: (dir, { ava }) => {
    const known = ava();
    const survey = surveyOf(readEva(dir, known?.testIds));
    return known === null ? { ...survey, warnings: [...survey.warnings, leaksUnknown('EVA')] } : survey;
  },
  AADB: (dir) => surveyOf(readAadb(dir)),
  SPAQ: async (dir) => surveyOf(await readSpaq(dir)),
  TAD66K: (dir) => surveyOf(readTad66k(dir)),
  ICAA17K: (dir) => surveyOf(readIcaa17k(dir)),
  Pexels: (dir) => surveyOf(readPexels(dir)),
  'LLaVA-Pretrain': (dir) => surveyConversations(dir, 'LLaVA-Pretrain'),
  ShareGPT4V: (dir) => surveyConversations(dir, 'ShareGPT4V'),
  'LLaVA-Mix665k': (dir) => surveyConversations(dir, 'LLaVA-Mix665k'),
};

const leaksUnknown = (name: string): string => `${name}: AVA is not named, so its test images cannot be found here`;

function surveyOf({ photos, counts, left, warnings }: PhotoSet): Survey {
  return { counts, warnings: [...warnings, ...left.map(leftOutText)], images: photos.map(({ path }) => path) };
}

const leftOutText = ({ reason, count, example }: LeftOutKind): string =>
  `${count} of the listed photographs left out, ${reason} (${example})`;

function surveyAva(dir: string, ava: Ava | null): Survey {
  const { train, test, testIds, counts } = ava ?? readAva(dir);
  const names = (file: string): number => (existsSync(join(dir, file)) ? readAvaNames(join(dir, file)).size : 0);
  const { styles, warnings } = stylesOf(dir);
  const labeled = new Set([...train, ...test].map(({ id }) => id));
  const unexpected = [...testIds].filter((id) => !labeled.has(id) && !absentTestIds.has(id)).length;
  return {
    counts: {
      ...counts,
      lists: readAvaLists(dir).size,
      tags: names('tags.txt'),
      challenges: names('challenges.txt'),
      styleTrain: styles?.train.size ?? 0,
      styleTest: styles?.test.size ?? 0,
    },
    warnings:
      unexpected > 0
        ? [...warnings, `AVA: ${unexpected} test images beyond the 70 known ones lack label or image`]
        : warnings,
    images: [...train, ...test].map(({ path }) => path),
  };
}

/** No stage reads the style lists: what is wrong with them is a finding, the dataset is there without. */
function stylesOf(dir: string): { readonly styles: AvaStyles | null; readonly warnings: readonly string[] } {
  try {
    return { styles: readAvaStyles(dir), warnings: [] };
  } catch (error) {
    if (!(error instanceof CalmError)) throw error;
    return { styles: null, warnings: [`AVA: style lists cannot be used, no stage needs them: ${error.message}`] };
  }
}

function surveyCaptions(dir: string, { ava }: SurveyContext): Survey {
  const known = ava();
  const file = join(dir, avaCaptionsFile);
  const counts = countAvaCaptions(file, known ?? { train: [], test: [], testIds: new Set() });
  const raw = join(dir, rawCommentsFile);
  const tally = { skipped: 0 };
  let rawImages = 0;
  if (existsSync(raw)) for (const { comments } of readRawComments(raw, tally)) rawImages += comments.length > 0 ? 1 : 0;
  return {
    counts: { ...counts, rawImages, rawLinesSkipped: tally.skipped },
    warnings: known === null ? [leaksUnknown('AVA-Captions')] : [],
    images: [],
  };
}

function surveyFlickrAes(dir: string): Survey {
  const { train, test, counts, warnings } = readFlickrAes(dir);
  const folder = join(dir, flickrAesFiles.images);
  const images = imageNamesIn(folder).map((name) => join(folder, name));
  return {
    counts: { ...counts, images: images.length, trainWorkers: train.length, testWorkers: test.length },
    warnings,
    images,
  };
}

function surveyConversations(dir: string, set: ConversationSet): Survey {
  const tally = newTally();
  const images: string[] = [];
  for (const { path } of readConversationSet(dir, set, tally)) images.push(path);
  return { counts: { ...tally }, warnings: [], images: [...new Set(images)] };
}
