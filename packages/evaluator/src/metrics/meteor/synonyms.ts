// Synonyms after WordNet (Fellbaum, 1998): two words are synonyms when they, or the words they are forms of, share a
// synset. Read from a folder of WordNet's own files (index.noun ... and, where present, noun.exc ...), or from the
// extract that the METEOR program carries. Synsets are named by their offset alone, as METEOR names them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, refuseMistakenFile } from '@calm-orch/core';

export interface Synonyms {
  areSynonyms(a: string, b: string): boolean;
}

/** Endings of inflected forms and what the plain word has instead (WordNet's morphy): nouns, verbs, adjectives. */
const inflections: readonly (readonly [string, string])[] = [
  ...([['s', ''], ['ses', 's'], ['xes', 'x'], ['zes', 'z'], ['ches', 'ch'], ['shes', 'sh'], ['men', 'man']] as const),
  ...([['ies', 'y'], ['es', 'e'], ['es', ''], ['ed', 'e'], ['ed', ''], ['ing', 'e'], ['ing', '']] as const),
  ...([['er', ''], ['est', ''], ['er', 'e'], ['est', 'e']] as const),
]; // prettier-ignore

const partsOfSpeech = ['noun', 'verb', 'adj', 'adv'] as const;

/** @param synsets word -> synsets; @param exceptions irregular form -> plain words. */
export function createSynonyms(
  synsets: ReadonlyMap<string, readonly number[]>,
  exceptions: ReadonlyMap<string, readonly string[]>,
): Synonyms {
  const known = new Map<string, ReadonlySet<number>>();
  const synsetsOf = (word: string): ReadonlySet<number> => {
    let all = known.get(word);
    if (all === undefined) {
      const words = [word, ...plainForms(word, synsets, exceptions)];
      known.set(word, (all = new Set(words.flatMap((plain) => synsets.get(plain) ?? []))));
    }
    return all;
  };
  return {
    areSynonyms: (a, b) => {
      const synsetsOfB = synsetsOf(b);
      for (const synset of synsetsOf(a)) if (synsetsOfB.has(synset)) return true;
      return false;
    },
  };
}

function plainForms(
  word: string,
  synsets: ReadonlyMap<string, unknown>,
  exceptions: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const irregular = exceptions.get(word);
  if (irregular !== undefined) return irregular;
  for (const [ending, plainEnding] of inflections) {
    if (!word.endsWith(ending)) continue;
    const plain = word.slice(0, -ending.length) + plainEnding;
    if (synsets.has(plain)) return [plain];
  }
  return [];
}

/**
 * Reads WordNet's `dict` folder.
 * @throws CalmError `not_found` where the folder has no index files.
 */
export function readWordNet(dir: string): Synonyms {
  const synsets = new Map<string, number[]>();
  const exceptions = new Map<string, string[]>();
  const files = new Set(filesIn(dir));
  for (const part of partsOfSpeech) {
    if (!files.has(`index.${part}`)) {
      throw new CalmError('not_found', `WordNet: no file index.${part} in ${dir}; expected WordNet's \`dict\` folder`);
    }
    for (const line of linesOf(join(dir, `index.${part}`))) {
      if (line === '' || line.startsWith(' ')) continue;
      const fields = line.trimEnd().split(' ');
      const numSynsets = Number(fields[2]);
      append(synsets, fields[0]!, fields.slice(-numSynsets).map(Number));
    }
    if (!files.has(`${part}.exc`)) continue;
    for (const line of linesOf(join(dir, `${part}.exc`))) {
      const [form, ...plain] = line.trim().split(/\s+/);
      if (form) append(exceptions, form, plain);
    }
  }
  return createSynonyms(synsets, exceptions);
}

/** Reads METEOR's extract: pairs of lines, a word and its synsets; a word and its irregular forms. */
export function parseMeteorSynonyms(synsetLines: string, exceptionLines: string): Synonyms {
  const synsets = new Map<string, number[]>();
  const exceptions = new Map<string, string[]>();
  for (const [word, numbers] of linePairs(synsetLines)) append(synsets, word, numbers.split(' ').map(Number));
  for (const [word, forms] of linePairs(exceptionLines))
    for (const form of forms.split(' ')) append(exceptions, form, [word]);
  return createSynonyms(synsets, exceptions);
}

function linePairs(text: string): [string, string][] {
  const lines = text.trimEnd().split(/\r?\n/);
  return Array.from({ length: Math.floor(lines.length / 2) }, (_, i) => [lines[2 * i]!, lines[2 * i + 1]!]);
}

function append<T>(map: Map<string, T[]>, key: string, values: readonly T[]): void {
  const present = map.get(key);
  if (present) present.push(...values);
  else map.set(key, [...values]);
}

function linesOf(path: string): string[] {
  refuseMistakenFile(path);
  return readFileSync(path, 'utf8').split('\n');
}

function filesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (cause) {
    throw new CalmError('not_found', `WordNet: cannot read the folder ${dir}`, { cause });
  }
}
