// Numbers for tokens: texts of a corpus one behind the other in one array, so that the metrics compare integers.

/** Texts as numbers of their tokens, from 0 up; equal tokens have equal numbers in all texts. */
export interface NumberedTexts {
  /** Different tokens in all texts. */
  readonly numTokens: number;
  readonly tokens: Int32Array;
  /** Where each text begins, and the last one ends. */
  readonly starts: Int32Array;
}

/**
 * Numbers texts: as they are for ROUGE-L, and with tokens cut at no-break spaces for BLEU and CIDEr, since their original
 * cuts there too. Where no token holds one, both are the same.
 */
export function numberTexts(texts: readonly (readonly string[])[]): { whole: NumberedTexts; words: NumberedTexts } {
  const known = new Map<string, number>();
  /** Words of the tokens that hold a no-break space. */
  const wordsIn = new Map<number, readonly number[]>();
  const idOf = (token: string): number => {
    let id = known.get(token);
    if (id !== undefined) return id;
    id = known.size;
    known.set(token, id);
    if (token.includes('\u00a0')) wordsIn.set(id, token.split('\u00a0').map(idOf));
    return id;
  };
  const starts = startsOf(texts);
  const tokens = new Int32Array(starts.at(-1)!);
  let end = 0;
  for (const text of texts) for (const token of text) tokens[end++] = idOf(token);
  const whole = { numTokens: known.size, tokens, starts };
  return { whole, words: wordsIn.size === 0 ? whole : cutTexts(whole, wordsIn) };
}

function cutTexts(
  { numTokens, tokens, starts }: NumberedTexts,
  wordsIn: ReadonlyMap<number, readonly number[]>,
): NumberedTexts {
  const texts = Array.from({ length: starts.length - 1 }, (_, text) =>
    Array.from(tokens.subarray(starts[text], starts[text + 1])).flatMap((id) => wordsIn.get(id) ?? [id]),
  );
  return { numTokens, tokens: Int32Array.from(texts.flat()), starts: startsOf(texts) };
}

function startsOf(texts: readonly (readonly unknown[])[]): Int32Array {
  const starts = new Int32Array(texts.length + 1);
  texts.forEach(({ length }, i) => (starts[i + 1] = starts[i]! + length));
  return starts;
}
