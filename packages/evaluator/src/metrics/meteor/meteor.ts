// METEOR 1.5 as pycocoevalcap calls it (English, -norm), from as many of its four modules as there are resources for.
// Which ones took part is in the result: a score without synonyms or paraphrases is lower and must be named so.
import { align, meteorModules, type MeteorModule } from './align.ts';
import { createStemmer, findMatches } from './matches.ts';
import { meteorTokens } from './normalize.ts';
import { readParaphrases } from './paraphrases.ts';
import { readMeteorResources, type MeteorSources } from './resources.ts';
import { scoreOf, statisticsOf, sumStatistics, type MeteorStatistics } from './score.ts';

/** Texts after the Penn Treebank tokenizer. */
export interface MeteorItem {
  readonly references: readonly (readonly string[])[];
  readonly candidate: readonly string[];
}

export interface MeteorScores {
  /** Null for no items. */
  readonly corpus: number | null;
  readonly perItem: readonly number[];
  readonly modules: readonly MeteorModule[];
}

/**
 * METEOR of each item with its best reference, and of the corpus.
 * @throws CalmError `not_found` or `bad_data` for sources that are not what they should be.
 */
export async function meteor(items: readonly MeteorItem[], sources: MeteorSources = {}): Promise<MeteorScores> {
  const { functionWords, synonyms, paraphrases: path } = await readMeteorResources(sources);
  const tokenized = items.map(({ references, candidate }) => ({
    references: references.map((text) => meteorTokens(text.join(' '))),
    candidate: meteorTokens(candidate.join(' ')),
  }));
  const texts = tokenized.flatMap(({ references, candidate }) => [...references, candidate]);
  const paraphrases = path === null ? null : await readParaphrases(path, texts);
  const stem = createStemmer();
  const best = tokenized.map(({ references, candidate }) => {
    const each = references.map((reference) => {
      const matches = findMatches(candidate, reference, stem, { synonyms, paraphrases });
      const alignment = align(matches, candidate.length, reference.length);
      return statisticsOf(candidate, reference, alignment, functionWords);
    });
    return each.reduce((a: MeteorStatistics, b) => (scoreOf(b) > scoreOf(a) ? b : a));
  });
  const available = { exact: true, stem: true, synonym: synonyms !== null, paraphrase: paraphrases !== null };
  return {
    corpus: items.length === 0 ? null : scoreOf(sumStatistics(best)),
    perItem: best.map(scoreOf),
    modules: meteorModules.filter((module) => available[module]),
  };
}

/** Name of a column: METEOR alone is the whole of it. */
export function meteorName(modules: readonly MeteorModule[]): string {
  return modules.length === meteorModules.length ? 'METEOR' : `METEOR (${modules.join(', ')})`;
}
