// LLaMA's tokenizer from the files a model folder has. A text is cut at the special tokens it names (`<s>`, `</s>`,
// `<unk>`), which become their ids; each chunk between them begins a word of its own (`▁`), also after `</s>`. That is
// what transformers' LlamaTokenizer does with `legacy: true`, which Vicuna and LLaVA were trained with; `legacy: false`
// would give `USER` after `</s>` without its `▁`. tokenizer.json says by itself which of the two it is.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError } from '@calm-orch/core';
import { mergePairs, type PairRank } from './byte-pairs.ts';
import { readSentencePiece } from './sentencepiece.ts';
import type { Tokenizer } from './tokenizer.ts';
import { readTokenizerJson } from './tokenizer-json.ts';

export interface Vocabulary {
  /** File it was read from. */
  readonly path: string;
  /** By id. */
  readonly pieces: readonly string[];
  /** Tokens that stand for themselves in a text, with their ids. */
  readonly special: ReadonlyMap<string, number>;
  /** Whether characters outside the vocabulary are spelt in bytes (`<0xE4>`). */
  readonly byteFallback: boolean;
  /** Which chunks of a text get a `▁` in front. */
  readonly prefix: 'every' | 'first' | 'none';
  readonly rankOf: PairRank;
}

const space = '▁';
const byteOf = /^<0x([0-9A-F]{2})>$/;
const names = ['tokenizer.json', 'tokenizer.model'] as const;

/** The tokenizer file of a model folder, tokenizer.json before tokenizer.model; undefined where there is none. */
export const findTokenizer = (dir: string): string | undefined =>
  names.map((name) => join(dir, name)).find((path) => existsSync(path));

/**
 * The tokenizer of a model folder.
 * @throws CalmError `not_found` where there is none, `bad_data` for what is no tokenizer of LLaMA's kind.
 */
export function openLlamaTokenizer(dir: string): Tokenizer {
  const path = findTokenizer(dir);
  if (path === undefined)
    throw new CalmError('not_found', `${dir}: no tokenizer; expected ${names.join(' or ')} beside config.json`);
  return createLlamaTokenizer(path.endsWith('.json') ? readTokenizerJson(path) : readSentencePiece(path));
}

/** @throws CalmError `bad_data` where `<unk>`, `<s>`, `</s>` or a byte piece is missing. */
export function createLlamaTokenizer({ path, pieces, special, byteFallback, prefix, rankOf }: Vocabulary): Tokenizer {
  const ids = new Map(pieces.map((piece, id) => [piece, id]));
  const idOf = (piece: string): number => {
    const id = ids.get(piece);
    if (id === undefined) throw new CalmError('bad_data', `${path}: the piece ${piece} is missing`);
    return id;
  };
  const [unknownId, beginId, endId] = ['<unk>', '<s>', '</s>'].map(idOf) as [number, number, number];
  const bytes = byteFallback
    ? Array.from({ length: 256 }, (_, byte) => idOf(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`))
    : undefined;
  const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  // The longest first, so that a token is not taken for another that it begins with.
  const tokens = [...special.keys()].filter(Boolean).sort((a, b) => b.length - a.length);
  const cut = tokens.length === 0 ? undefined : new RegExp(`(${tokens.map(escape).join('|')})`);

  const chunkIds = (chunk: string, marked: boolean): number[] => {
    const text = (marked ? space : '') + chunk.replaceAll(' ', space);
    const out: number[] = [];
    for (const piece of mergePairs(text, rankOf)) {
      const id = ids.get(piece);
      if (id !== undefined) out.push(id);
      else if (bytes !== undefined) for (const byte of Buffer.from(piece)) out.push(bytes[byte]!);
      else if (out.at(-1) !== unknownId) out.push(unknownId);
    }
    return out;
  };
  const encodeWith = (text: string, markFirst: boolean, markOthers: boolean): number[] => {
    let first = true;
    return (cut === undefined ? [text] : text.split(cut)).flatMap((chunk, i) => {
      if (chunk === '') return [];
      const marked = first ? markFirst : markOthers;
      first = false;
      return i % 2 === 1 ? [special.get(chunk)!] : chunkIds(chunk, marked);
    });
  };
  return {
    vocabSize: pieces.length,
    unknownId,
    beginId,
    endId,
    encode: (text) => encodeWith(text, prefix !== 'none', prefix === 'every'),
    continuation: (text) => encodeWith(text, false, false),
    decode: (list) => {
      const parts: Buffer[] = [];
      for (const id of list) {
        if (id === endId) break;
        const piece = pieces[id];
        if (id === beginId || piece === undefined) continue;
        const byte = byteOf.exec(piece)?.[1];
        parts.push(byte === undefined ? Buffer.from(piece.replaceAll(space, ' ')) : Buffer.from(byte, 'hex'));
      }
      const text = Buffer.concat(parts).toString('utf8');
      return prefix !== 'none' && text.startsWith(' ') ? text.slice(1) : text;
    },
  };
}
