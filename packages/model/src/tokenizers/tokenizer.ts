/** Text to token ids and back, whatever the vocabulary is. */
export interface Tokenizer {
  readonly vocabSize: number;
  /** 0, also the padding, as LLaVA does. */
  readonly unknownId: number;
  readonly beginId: number;
  readonly endId: number;
  /** Ids without begin or end. `<s>` and `</s>` in a text of a LLaMA tokenizer become their ids. */
  encode(text: string): number[];
  /** Ids of text that goes on where other text ended: no word begins with it. For the digits within a number. */
  continuation(text: string): number[];
  /** The text up to the first end id, begin ids left out. */
  decode(ids: Iterable<number>): string;
}
