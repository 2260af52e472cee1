// The closed language of the embedded data: every word that captions, comments, labels, instructions and scores can
// hold, so that a word-level tokenizer can be built without looking at any photograph.
import { labelTexts } from './labels/grammar.ts';
import { instructions } from './instructions.ts';
import { levelWords } from './level-words.ts';
import { captionTexts } from './studio/captions.ts';
import { commentTexts } from './studio/comments.ts';

/** Sentences that together use every word of the language; digits and punctuation are words of their own. */
export function* vocabularyTexts(): Iterable<string> {
  yield '0 1 2 3 4 5 6 7 8 9 . , ?';
  for (const pool of Object.values(instructions)) yield* pool;
  yield* captionTexts();
  yield* commentTexts();
  yield* labelTexts();
}

/**
 * The closed word list: the words of the texts sorted by code unit, then those of the five levels that no text has.
 * They stand last, so that the ids of all others are those the carried foundation was trained with.
 */
export function vocabularyWords(): string[] {
  const words = new Set([...vocabularyTexts()].flatMap((text) => text.split(' ').filter(Boolean)));
  return [...[...words].sort(), ...Object.keys(levelWords).filter((word) => !words.has(word))];
}
