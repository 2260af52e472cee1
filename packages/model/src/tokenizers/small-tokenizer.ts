// A small tokenizer.json of LLaMA's form, for models that are made for a rehearsal: bytes, single characters, and merges
// that join the characters of given words from the left. Digits are never merged, as LLaMA's are not.

const special = ['<unk>', '<s>', '</s>'] as const;
const space = '▁';
const characters = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,?!\'":;()-';

/** By id; the order is LLaMA's: special tokens, bytes, then pieces. */
function piecesOf(words: readonly string[]): { readonly pieces: readonly string[]; readonly merges: string[] } {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const merges = new Map<string, string>();
  const inWords = new Set<string>();
  for (const word of [...new Set(words)].sort()) {
    let left = space;
    for (const character of word.replaceAll(/\d/g, '')) {
      inWords.add(character);
      merges.set(left + character, `${left} ${character}`);
      left += character;
    }
  }
  const single = [...new Set([space, '\n', ...characters, ...inWords])];
  return { pieces: [...new Set([...special, ...bytes, ...single, ...merges.keys()])], merges: [...merges.values()] };
}

export function smallVocabSize(words: readonly string[]): number {
  return piecesOf(words).pieces.length;
}

/** tokenizer.json, as LlamaTokenizerFast writes it. */
export function smallTokenizerJson(words: readonly string[]): string {
  const { pieces, merges } = piecesOf(words);
  return JSON.stringify({
    version: '1.0',
    added_tokens: special.map((content, id) => ({ id, content, special: true })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: space },
        { type: 'Replace', pattern: { String: ' ' }, content: space },
      ],
    },
    pre_tokenizer: null,
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges,
    },
  });
}
