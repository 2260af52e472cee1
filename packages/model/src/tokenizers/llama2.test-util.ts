// The vocabulary of LLaMA-1 and 2 and of Vicuna as a tokenizer.json, from npm's llama-tokenizer-js (MIT), for tests:
// Meta's own files may not be carried here.
import { writeFileSync } from 'node:fs';
import llamaTokenizer from 'llama-tokenizer-js';

interface Package {
  readonly vocabById: readonly string[];
  /** `left right` -> rank. */
  readonly merges: ReadonlyMap<string, number>;
  encode(text: string, addBegin: boolean, addSpace: boolean): number[];
}
export const peer = llamaTokenizer as unknown as Package;

export function writeLlama2Json(path: string): string {
  const special = ['<unk>', '<s>', '</s>'];
  const replace = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const merges = [...peer.merges].sort(([, a], [, b]) => a - b).map(([pair]) => pair);
  const json = {
    version: '1.0',
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, replace] },
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(peer.vocabById.map((piece, id) => [piece, id])),
      merges,
    },
  };
  writeFileSync(path, JSON.stringify(json));
  return path;
}
