// All caption metrics of a set of items: tokenised once, counted once, scored three ways. METEOR needs its paraphrase
// table and is not computed here.
import { CalmError } from '@calm-orch/core';
import { bleu, type BleuStatistics } from './bleu.ts';
import { cider } from './cider.ts';
import { countNgrams } from './ngrams.ts';
import { ptbTokenize } from './ptb.ts';
import { rougeL } from './rouge.ts';
import { numberTexts } from './token-ids.ts';

export const captionMetricNames = ['BLEU-1', 'BLEU-2', 'BLEU-3', 'BLEU-4', 'CIDEr', 'ROUGE-L'] as const;
export type CaptionMetric = (typeof captionMetricNames)[number];
export type CaptionScores = Readonly<Record<CaptionMetric, number | null>>;

export interface CaptionItem {
  readonly id: string;
  /** Texts written by people, at least one. */
  readonly references: readonly string[];
  /** The generated text. */
  readonly candidate: string;
}

export interface TokenizedItem {
  readonly id: string;
  readonly references: readonly (readonly string[])[];
  readonly candidate: readonly string[];
}

export interface CaptionMetrics {
  /** Per item, for BLEU of a draw of items. */
  readonly bleuStatistics: readonly BleuStatistics[];
  /** Null where undefined: everything for no items, CIDEr for one. */
  readonly corpus: CaptionScores;
  /** In the order of the items. */
  readonly perItem: readonly { readonly id: string; readonly scores: CaptionScores }[];
}

/**
 * BLEU-1..4, CIDEr-D (x 10) and ROUGE-L of candidates against their references, as pycocoevalcap gives them.
 * @throws CalmError `invalid_argument` for an item without references.
 */
export function captionMetrics(items: readonly CaptionItem[]): CaptionMetrics {
  return tokenMetrics(
    items.map(({ id, references, candidate }) => ({
      id,
      references: references.map(ptbTokenize),
      candidate: ptbTokenize(candidate),
    })),
  );
}

/** The same for texts already cut into tokens. */
export function tokenMetrics(items: readonly TokenizedItem[]): CaptionMetrics {
  const texts: (readonly string[])[] = [];
  const itemStarts = new Int32Array(items.length + 1);
  items.forEach(({ id, candidate, references }, i) => {
    if (references.length === 0) {
      throw new CalmError(
        'invalid_argument',
        `caption metrics: item ${id} has no references; give one or leave it out`,
      );
    }
    texts.push(candidate, ...references);
    itemStarts[i + 1] = texts.length;
  });
  const { whole, words } = numberTexts(texts);
  const counted = countNgrams(words, itemStarts);
  const bleus = bleu(counted);
  const ciders = cider(counted);
  const rouges = rougeL(whole, itemStarts);
  const empty = items.length === 0;
  return {
    bleuStatistics: bleus.statistics,
    corpus: scoresOf(
      empty ? null : bleus.corpus,
      ciders?.corpus ?? null,
      empty ? null : rouges.reduce((a, b) => a + b, 0) / rouges.length,
    ),
    perItem: items.map(({ id }, i) => ({
      id,
      scores: scoresOf(bleus.perItem[i]!, ciders?.perItem[i] ?? null, rouges[i]!),
    })),
  };
}

function scoresOf(bleus: readonly number[] | null, ciderScore: number | null, rouge: number | null): CaptionScores {
  return {
    'BLEU-1': bleus?.[0] ?? null,
    'BLEU-2': bleus?.[1] ?? null,
    'BLEU-3': bleus?.[2] ?? null,
    'BLEU-4': bleus?.[3] ?? null,
    CIDEr: ciderScore,
    'ROUGE-L': rouge,
  };
}
