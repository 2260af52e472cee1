// Hugging Face's tokenizer.json, of the form LLaMA's has: byte-pair encoding with merges, spaces as `▁`, bytes for unknown
// characters. What encodes otherwise (other normalisers, pre-tokenizers) is refused by name, not computed nearly.
import { statSync } from 'node:fs';
import { CalmError, readJson } from '@calm-orch/core';
import type { Vocabulary } from './llama-tokenizer.ts';

const maxFileBytes = 256e6;

interface TokenizerJson {
  readonly added_tokens?: readonly { readonly id: number; readonly content: string }[];
  readonly normalizer?: Part | null;
  readonly pre_tokenizer?: Part | null;
  readonly model?: {
    readonly type?: string;
    readonly vocab?: Readonly<Record<string, number>>;
    readonly merges?: readonly (string | readonly [string, string])[];
    readonly byte_fallback?: boolean;
    readonly continuing_subword_prefix?: string | null;
    readonly end_of_word_suffix?: string | null;
    readonly ignore_merges?: boolean;
  };
}
interface Part {
  readonly type?: string;
  readonly [field: string]: unknown;
}

/**
 * Reads tokenizer.json.
 * @throws CalmError `bad_data` naming the file and the part that cannot be read or computed; `not_found`.
 */
export function readTokenizerJson(path: string): Vocabulary {
  const bad = (what: string): CalmError => new CalmError('bad_data', `${path}: ${what}`);
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw new CalmError('not_found', `${path}: is not there`);
  if (size > maxFileBytes) throw bad(`has ${size} bytes, at most ${maxFileBytes} are read`);
  const json = readJson(path) as TokenizerJson | null;
  const model = json?.model;
  if (model?.type !== undefined && model.type !== 'BPE')
    throw bad(`model.type is ${JSON.stringify(model.type)}, expected "BPE"`);
  if (typeof model?.vocab !== 'object' || !Array.isArray(model.merges))
    throw bad('expected model.vocab and model.merges of a BPE model');
  for (const field of ['continuing_subword_prefix', 'end_of_word_suffix'] as const)
    if (model[field]) throw bad(`model.${field} is not computed here`);
  if (model.ignore_merges === true) throw bad('model.ignore_merges is not computed here');

  const pieces: string[] = [];
  const place = (piece: string, id: unknown): void => {
    if (!Number.isSafeInteger(id) || (id as number) < 0 || (id as number) >= 2 ** 24)
      throw bad(`${JSON.stringify(piece)} has the id ${JSON.stringify(id)}; expected a whole number`);
    const there = pieces[id as number];
    if (there !== undefined && there !== piece)
      throw bad(`${JSON.stringify(there)} and ${JSON.stringify(piece)} have the same id ${String(id)}`);
    pieces[id as number] = piece;
  };
  for (const [piece, id] of Object.entries(model.vocab)) place(piece, id);
  const special = new Map<string, number>();
  for (const { id, content } of json?.added_tokens ?? []) {
    place(content, id);
    special.set(content, id);
  }
  const hole = Array.from(pieces).findIndex((piece) => piece === undefined);
  if (hole >= 0) throw bad(`no piece has the id ${hole}`);
  const ranks = new Map<string, number>();
  model.merges.forEach((merge, rank) => {
    const [left, right]: readonly unknown[] =
      typeof merge === 'string' ? merge.split(' ') : (merge as readonly unknown[]);
    if (typeof left !== 'string' || typeof right !== 'string')
      throw bad(`merge ${rank} is ${JSON.stringify(merge)}, expected two pieces`);
    ranks.set(`${left} ${right}`, rank);
  });
  return {
    path,
    pieces,
    special,
    byteFallback: model.byte_fallback === true,
    prefix: prefixOf(json!, bad),
    // Pieces have no spaces: they are `▁`.
    rankOf: (left, right) => ranks.get(`${left} ${right}`),
  };
}

/** Where `▁` is put before a text. LLaMA's older files say it by normalisers, newer ones by a Metaspace pre-tokenizer. */
function prefixOf({ normalizer, pre_tokenizer: before }: TokenizerJson, bad: (what: string) => CalmError) {
  const steps = normalizer === null || normalizer === undefined ? [] : listOf(normalizer);
  let prefix: Vocabulary['prefix'] = 'none';
  let spaces = false;
  for (const step of steps) {
    const pattern = (step.pattern as { String?: unknown } | undefined)?.String;
    if (step.type === 'Prepend' && step.prepend === '▁') prefix = 'every';
    else if (step.type === 'Replace' && pattern === ' ' && step.content === '▁') spaces = true;
    else throw bad(`the normalizer ${JSON.stringify(step)} is not computed here`);
  }
  if (before !== null && before !== undefined) {
    const { type, replacement, prepend_scheme: scheme, split } = before;
    if (type !== 'Metaspace' || replacement !== '▁' || split === true || spaces)
      throw bad(`the pre-tokenizer ${JSON.stringify(before)} is not computed here`);
    spaces = true;
    prefix = scheme === 'first' ? 'first' : scheme === 'never' ? 'none' : 'every';
  }
  if (!spaces) throw bad('spaces should become "▁", by a normalizer or by a Metaspace pre-tokenizer');
  return prefix;
}

const listOf = (part: Part): readonly Part[] =>
  part.type === 'Sequence' ? ((part.normalizers ?? []) as readonly Part[]) : [part];
