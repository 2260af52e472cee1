// Where things lie in the artifacts of the stages `data`, the studio's and those of this machine's datasets: the one place
// that knows these paths.
import { rng, type DataConfig } from '@calm-orch/core';

export const studioPaths = {
  ava: 'AVA',
  avaCaptions: 'AVA-Captions',
  conversations: 'LLaVA-Pretrain/blip_laion_cc_sbu_558k.json',
  conversationImages: 'LLaVA-Pretrain/images',
  /** Questions and answers from the labels of training photographs, in LLaVA's format; images are in `AVA/images`. */
  questions: 'studio/questions.json',
  unlabeledIndex: 'unlabeled/index.json',
  traits: 'studio/traits.csv',
  manifest: 'manifest-data.json',
} as const;

/** One line of unlabeled/index.json, by index of the photograph. */
export interface UnlabeledEntry {
  /** Relative to the artifact. */
  readonly file: string;
  readonly source: 'studio' | 'photo' | 'user';
  readonly credit?: string;
  /** Box of the main subject in units of the sides; null where nobody knows it. */
  readonly subject: { readonly x: number; readonly y: number; readonly width: number; readonly height: number } | null;
  /** Mask of the foreground, relative to the artifact; where the user gave one. */
  readonly mask?: string;
}

export const labeledImagePath = (id: number): string => `AVA/images/${id}.jpg`;

/** Of the studio's validation photographs, by index: other ids than those of its labelled ones. */
export const validationId = (index: number): number => 1_000_001 + index;

/** '00000/000000017.jpg': LLaVA files by the first five of nine digits. */
export function genericImageName(id: number): string {
  const digits = String(id).padStart(9, '0');
  return `${digits.slice(0, 5)}/${digits}.jpg`;
}

export const unlabeledImagePath = (index: number, source: UnlabeledEntry['source']): string =>
  `unlabeled/images/${source}-${String(index).padStart(6, '0')}.jpg`;

export const unlabeledMaskPath = (index: number): string => `unlabeled/masks/${String(index).padStart(6, '0')}.png`;

/** What stage `data` found in the datasets of this machine; the studio's artifact has none of these. */
export const catalogPaths = {
  folder: 'catalog',
  captions: 'catalog/captions.jsonl',
  /** Counts of every dataset read, and what was left out. */
  report: 'catalog/report.json',
} as const;

/** How much of what the datasets of a pool list is used. */
export const catalogUse = (pool: string): string => `catalog/use-${pool}.json`;

/** Sentences that a run prints about what a dataset lacks. */
export const catalogNotes = (pool: string): string => `catalog/notes-${pool}.json`;
/** A run of the questions, whose first has this number. */
export const questionsPart = (first: number): string => catalogPart('asked', first);

/** The photographs of one item of a pool. */
export const catalogPart = (pool: string, first: number): string =>
  `catalog/${pool}-${String(first).padStart(9, '0')}.jsonl`;

/** Test ids, ascending: drawn without the seed, so every seed of the data is tested on the same ids. */
export function testIdsOf({ numTrain, numTest }: Pick<DataConfig, 'numTrain' | 'numTest'>): number[] {
  const ids = Array.from({ length: numTrain + numTest }, (_, i) => i + 1);
  return rng('studio', 'test split')
    .shuffle(ids)
    .slice(0, numTest)
    .sort((a, b) => a - b);
}
