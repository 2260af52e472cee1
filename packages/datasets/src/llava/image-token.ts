// Where a photograph stands in a human turn: `<image>` (LLaVA) or `<|image|>` (mPLUG, Q-Align), first or last, and in one
// released file twice, where a missing comma fused two prompts. Training wants it first, once.
const tokens = /<image>|<\|image\|>/g;

export interface ImageTurn {
  /** The text without tokens and the line breaks beside them. */
  readonly text: string;
  readonly numImages: number;
}

export function splitImageToken(value: string): ImageTurn {
  const numImages = value.match(tokens)?.length ?? 0;
  const text = value
    .replace(tokens, '\n')
    .replace(/\s*\n\s*/g, '\n')
    .trim();
  return { text, numImages };
}

/** '<image>\n<text>', as LLaVA's preprocessing brings every turn to; a turn without a photograph is left as it is. */
export function imageFirst(value: string): string {
  const { text, numImages } = splitImageToken(value);
  return numImages === 0 ? value : `<image>\n${text}`;
}
