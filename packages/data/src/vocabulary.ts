// The closed language of the embedded data: every word that captions, comments, labels, instructions and scores can
// hold, so that a word-level tokenizer can be built without looking at any photograph.
import { labelTexts } from './labels/grammar.ts';
import { instructions } from './instructions.ts';
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

/** The closed word list, sorted by code unit. */
export function vocabularyWords(): string[] {
  return [...new Set([...vocabularyTexts()].flatMap((text) => text.split(' ').filter(Boolean)))].sort();
}
