// Every possible match between two token lists, module by module: the same word, words of the same stem (Snowball
// English), words in one WordNet synset, phrases that the table has as paraphrases of each other.
import snowball from 'snowball-stemmers';
import type { Match } from './align.ts';
import type { ParaphraseTable } from './paraphrases.ts';
import type { Synonyms } from './synonyms.ts';

export interface MatchResources {
  readonly synonyms: Synonyms | null;
  readonly paraphrases: ParaphraseTable | null;
}

/** Stems a lower-case English word. Words repeat, so stems are remembered. */
export type StemWord = (word: string) => string;

export function createStemmer(): StemWord {
  const stemmer = snowball.newStemmer('english');
  const known = new Map<string, string>();
  return (word) => {
    let stem = known.get(word);
    if (stem === undefined) known.set(word, (stem = stemmer.stem(word)));
    return stem;
  };
}

/** All matches, ordered by module, then place in the hypothesis. They overlap; `align` chooses. */
export function findMatches(
  hypothesis: readonly string[],
  reference: readonly string[],
  stem: StemWord,
  { synonyms, paraphrases }: MatchResources,
): Match[] {
  const matches: Match[] = [];
  const matchWords = (module: Match['module'], related: (a: string, b: string) => boolean): void => {
    for (const [i, word] of hypothesis.entries())
      for (const [j, other] of reference.entries())
        if (related(word, other)) matches.push({ module, ...span(i, 1, j, 1) });
  };
  matchWords('exact', (a, b) => a === b);
  matchWords('stem', (a, b) => a !== b && stem(a) === stem(b));
  if (synonyms) matchWords('synonym', (a, b) => a !== b && synonyms.areSynonyms(a, b));
  if (paraphrases) matchPhrases(hypothesis, reference, paraphrases, matches);
  return matches;
}

function matchPhrases(
  hypothesis: readonly string[],
  reference: readonly string[],
  table: ParaphraseTable,
  matches: Match[],
): void {
  for (const { start: i, length, targets } of table.phrasesIn(hypothesis)) {
    for (const target of targets) {
      for (let j = 0; j + target.length <= reference.length; j++) {
        if (!target.every((word, k) => word === reference[j + k])) continue;
        matches.push({ module: 'paraphrase', ...span(i, length, j, target.length) });
      }
    }
  }
}

function span(
  hypothesisStart: number,
  hypothesisLength: number,
  referenceStart: number,
  referenceLength: number,
): Omit<Match, 'module'> {
  return { hypothesisStart, hypothesisLength, referenceStart, referenceLength };
}
