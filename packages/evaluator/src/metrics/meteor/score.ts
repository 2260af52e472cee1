// METEOR's score (Denkowski & Lavie, WMT 2014) with its parameters for English ranking tasks: a weighted mean of
// precision and recall over content and function words, lowered by how many chunks the matches fall into. The score
// of a corpus is that of the summed counts, each item with its best reference.
import { power } from '@calm-orch/core';
import { meteorModules, moduleWeights, type Match, type MeteorModule } from './align.ts';

const alpha = 0.85;
const beta = 0.2;
const gamma = 0.6;
const delta = 0.75;

/** Words of one side: all of them, and those matched by each module. */
interface WordCounts {
  content: number;
  function: number;
}

export interface Side {
  readonly words: WordCounts;
  readonly matched: Readonly<Record<MeteorModule, WordCounts>>;
}

export interface MeteorStatistics {
  readonly hypothesis: Side;
  readonly reference: Side;
  readonly chunks: number;
}

const emptySide = (): Side => ({
  words: { content: 0, function: 0 },
  matched: Object.fromEntries(
    meteorModules.map((module) => [module, { content: 0, function: 0 }]),
  ) as unknown as Side['matched'],
});

/** Counts of one pair of texts. The alignment is ordered by reference. */
export function statisticsOf(
  hypothesis: readonly string[],
  reference: readonly string[],
  alignment: readonly Match[],
  functionWords: ReadonlySet<string>,
): MeteorStatistics {
  const sides = { hypothesis: emptySide(), reference: emptySide() };
  const kind = (word: string): keyof WordCounts => (functionWords.has(word) ? 'function' : 'content');
  for (const word of hypothesis) sides.hypothesis.words[kind(word)]++;
  for (const word of reference) sides.reference.words[kind(word)]++;
  let chunks = 0;
  let [hypothesisEnd, referenceEnd] = [-1, -1];
  for (const { module, hypothesisStart, hypothesisLength, referenceStart, referenceLength } of alignment) {
    if (hypothesisStart !== hypothesisEnd || referenceStart !== referenceEnd) chunks++;
    hypothesisEnd = hypothesisStart + hypothesisLength;
    referenceEnd = referenceStart + referenceLength;
    for (let i = hypothesisStart; i < hypothesisEnd; i++) sides.hypothesis.matched[module][kind(hypothesis[i]!)]++;
    for (let i = referenceStart; i < referenceEnd; i++) sides.reference.matched[module][kind(reference[i]!)]++;
  }
  return { ...sides, chunks };
}

/** The score in [0, 1]; 0 where nothing matches. */
export function scoreOf(statistics: MeteorStatistics): number {
  const { hypothesis, reference, chunks } = statistics;
  const precision = weighted(hypothesis);
  const recall = weighted(reference);
  if (precision === 0 || recall === 0) return 0;
  const mean = (precision * recall) / (alpha * precision + (1 - alpha) * recall);
  const numMatched = (matchedWords(hypothesis) + matchedWords(reference)) / 2;
  const fragmentation = isWhole(statistics) ? 0 : chunks / numMatched;
  return mean * (1 - gamma * power(fragmentation, beta));
}

/**
 * Counts of a corpus. A text matched whole in one chunk brings no chunk, as in the original, whose corpus score would
 * otherwise punish it.
 */
export function sumStatistics(all: readonly MeteorStatistics[]): MeteorStatistics {
  return {
    hypothesis: sumSides(all.map(({ hypothesis }) => hypothesis)),
    reference: sumSides(all.map(({ reference }) => reference)),
    chunks: all.reduce((sum, item) => sum + (isWhole(item) ? 0 : item.chunks), 0),
  };
}

function isWhole({ hypothesis, reference, chunks }: MeteorStatistics): boolean {
  return chunks === 1 && [hypothesis, reference].every((side) => matchedWords(side) === size(side));
}

function sumSides(sides: readonly Side[]): Side {
  const sum = emptySide();
  const add = (to: WordCounts, from: WordCounts): void => {
    to.content += from.content;
    to.function += from.function;
  };
  for (const { words, matched } of sides) {
    add(sum.words, words);
    for (const module of meteorModules) add(sum.matched[module], matched[module]);
  }
  return sum;
}

/** Matched words over all words, both weighted: precision of the hypothesis, recall of the reference. */
function weighted({ words, matched }: Side): number {
  const weigh = (counts: WordCounts): number => delta * counts.content + (1 - delta) * counts.function;
  const total = weigh(words);
  if (total === 0) return 0;
  return meteorModules.reduce((sum, module) => sum + moduleWeights[module] * weigh(matched[module]), 0) / total;
}

const size = ({ words }: Side): number => words.content + words.function;

const matchedWords = ({ matched }: Side): number =>
  meteorModules.reduce((sum, module) => sum + matched[module].content + matched[module].function, 0);
