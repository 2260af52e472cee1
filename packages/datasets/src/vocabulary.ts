// The closed language of the embedded data: every word that captions, comments, labels, instructions and scores can
// hold, so that a word-level tokenizer can be built without looking at any photograph.
import { labelTexts } from './labels/grammar.ts';
import { instructions } from './instructions.ts';
import { levelWords } from './level-words.ts';
import { captionTexts } from './studio/captions.ts';
import { commentTexts } from './studio/comments.ts';
import { questionTexts } from './studio/questions.ts';

/** Sentences that together use every word of the language; digits and punctuation are words of their own. */
export function* vocabularyTexts(): Iterable<string> {
  yield '0 1 2 3 4 5 6 7 8 9 . , ?';
  for (const [kind, pool] of Object.entries(instructions)) if (!(kind in laterKinds)) yield* pool;
  yield* captionTexts();
  yield* commentTexts();
  yield* labelTexts();
}

/** Words the carried checkpoint has not seen come after all others, so that its ids stay. */
const laterKinds = { suggest: true } as const;

const wordsOf = (texts: Iterable<string>): string[] =>
  [...new Set([...texts].flatMap((text) => text.split(' ').filter(Boolean)))].sort();

/** The closed word list: sorted by code unit, the later words (levels, what is asked later) after the others. */
export function vocabularyWords(): string[] {
  const words = wordsOf(vocabularyTexts());
  const known = new Set(words);
  const instructed = Object.keys(laterKinds).flatMap((kind) => instructions[kind as keyof typeof laterKinds]);
  const later = [...Object.keys(levelWords), ...instructed, ...questionTexts()];
  return [...words, ...wordsOf(later).filter((word) => !known.has(word))];
}
