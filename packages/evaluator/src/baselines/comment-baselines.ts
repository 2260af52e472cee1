// Comments that need no training: one comment for every photograph, and the comment of the most similar training
// photograph. A model that does not beat them has not looked, or looked no better than a neighbour search.
import type { CaptionedImage } from '@calm-orch/datasets';
import { tokenMetrics, type TokenizedItem } from '../metrics/captions.ts';
import { ptbTokenize } from '../metrics/ptb.ts';

/** Comments tried as the constant one, most frequent first, and training photographs they are tried on. */
const numCandidates = 20;
const numTried = 300;

/** Of the most frequent training comments the one with the highest CIDEr on training photographs (the first of equals). */
export function constantComment(train: readonly Pick<CaptionedImage, 'captions'>[]): string {
  const counts = new Map<string, number>();
  for (const { captions } of train) for (const text of captions) counts.set(text, (counts.get(text) ?? 0) + 1);
  const frequent = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, numCandidates);
  const references = train.slice(0, numTried).map(({ captions }) => captions.map(ptbTokenize));
  const scoreOf = (text: string): number => {
    const candidate = ptbTokenize(text);
    const items: TokenizedItem[] = references.map((own, i) => ({ id: String(i), references: own, candidate }));
    return tokenMetrics(items).corpus.CIDEr ?? 0;
  };
  const scored = frequent.map(([text]) => ({ text, score: scoreOf(text) }));
  return scored.reduce((best, one) => (one.score > best.score ? one : best)).text;
}

/** Position of the nearest training vector (squared distance) of each test vector, columns standardised over `train`. */
export function nearestRows(train: readonly Float64Array[], test: readonly Float64Array[]): number[] {
  const columns = train[0]!.length;
  const scale = Array.from({ length: columns }, (_, c) => {
    const mean = train.reduce((sum, row) => sum + row[c]!, 0) / train.length;
    const variance = train.reduce((sum, row) => sum + (row[c]! - mean) ** 2, 0) / train.length;
    return variance > 0 ? 1 / variance : 0;
  });
  return test.map((row) => {
    let best = 0;
    let least = Infinity;
    train.forEach((other, i) => {
      let distance = 0;
      for (let c = 0; c < columns && distance < least; c++) distance += scale[c]! * (row[c]! - other[c]!) ** 2;
      if (distance < least) [best, least] = [i, distance];
    });
    return best;
  });
}
