// What a language model is asked to go on from: text tokens and blocks of image tokens, in any order and number. A
// prompt with eight photographs and their scores in between is a list of seventeen segments.
import { CalmError } from '@calm-orch/core';

/** Token ids, or the language-width tokens of one photograph [tokens, D], flat, as image-tokens.ts makes them. */
export type Segment = { readonly text: readonly number[] } | { readonly image: Float32Array };
export type Prompt = readonly Segment[];

/** Tokens of a prompt for a language model of width `width`. */
export function promptLength(prompt: Prompt, width: number): number {
  return prompt.reduce((sum, part) => sum + ('text' in part ? part.text.length : part.image.length / width), 0);
}

/** Prompts of a batch side by side, each from position 0 on, padded at the end. */
export interface PromptBatch {
  /** [B * P]; 0 where an image token or padding stands. */
  readonly ids: Int32Array;
  /** [B * P * D]: image tokens at their positions, 0 elsewhere. */
  readonly image: Float32Array;
  /** [B * P]: 1 where `ids` counts, 0 where `image` does. */
  readonly isText: Float32Array;
  /** [B] */
  readonly lengths: Int32Array;
}

/** @throws CalmError `invalid_argument` for a prompt that is empty, too long, or holds part of an image token. */
export function layOutPrompts(prompts: readonly Prompt[], capacity: number, width: number): PromptBatch {
  const ids = new Int32Array(prompts.length * capacity);
  const image = new Float32Array(prompts.length * capacity * width);
  const isText = new Float32Array(prompts.length * capacity).fill(1);
  const lengths = Int32Array.from(prompts, (prompt, row) => {
    const length = promptLength(prompt, width);
    if (!Number.isInteger(length))
      throw new CalmError('invalid_argument', `prompt ${row}: an image holds no whole number of tokens of ${width}`);
    if (length < 1 || length > capacity)
      throw new CalmError('invalid_argument', `prompt ${row}: expected 1 to ${capacity} tokens, got ${length}`);
    let at = row * capacity;
    for (const part of prompt) {
      if ('text' in part) {
        ids.set(part.text, at);
        at += part.text.length;
        continue;
      }
      image.set(part.image, at * width);
      isText.fill(0, at, (at += part.image.length / width));
    }
    return length;
  });
  return { ids, image, isText, lengths };
}
