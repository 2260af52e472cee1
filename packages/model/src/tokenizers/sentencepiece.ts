// SentencePiece's tokenizer.model: a protobuf message of pieces with scores and of the options they were made with
// (google/sentencepiece, sentencepiece_model.proto). Reads the BPE models LLaMA and Vicuna have; what encodes otherwise
// (unigram, other normalisers) is refused by name.
import { readFileSync, statSync } from 'node:fs';
import { CalmError, refuseMistakenFile } from '@calm-orch/core';
import type { Vocabulary } from './llama-tokenizer.ts';

/** LLaMA's has 500 kB, those of 256,000 pieces about 5 MB. */
const maxFileBytes = 64e6;

type Bad = (what: string) => CalmError;
interface Field {
  readonly number: number;
  /** Varint, or the 4 or 8 bytes of a fixed number. */
  readonly value: number;
  /** Content of a length-delimited field; empty for others. */
  readonly bytes: Buffer;
  readonly type: number;
}

/** Fields of a message in order. */
function* fieldsOf(message: Buffer, bad: Bad): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= message.length) throw bad('ends within a number');
      const byte = message[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw bad('has a number of more than ten bytes');
  };
  const take = (length: number): Buffer => {
    if (length > message.length - at) throw bad(`claims ${length} bytes where ${message.length - at} are left`);
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = varint();
    const [number, type] = [Math.floor(tag / 8), tag % 8];
    if (number === 0) throw bad('has a field without a number');
    if (type === 0) yield { number, type, value: varint(), bytes: Buffer.alloc(0) };
    else if (type === 1) yield { number, type, value: take(8).readDoubleLE(), bytes: Buffer.alloc(0) };
    else if (type === 2) yield { number, type, value: 0, bytes: take(varint()) };
    else if (type === 5) yield { number, type, value: take(4).readFloatLE(), bytes: Buffer.alloc(0) };
    else throw bad(`has a field of the unknown kind ${type}`);
  }
}

/** Pieces' types in sentencepiece_model.proto. */
const types = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/**
 * Reads tokenizer.model.
 * @throws CalmError `bad_data` naming the file and what in it cannot be read or computed; `not_found`.
 */
export function readSentencePiece(path: string): Vocabulary {
  const bad: Bad = (what) => new CalmError('bad_data', `${path}: ${what}; is this a whole tokenizer.model of LLaMA?`);
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw new CalmError('not_found', `${path}: is not there`);
  if (size > maxFileBytes) throw bad(`has ${size} bytes, at most ${maxFileBytes} are read`);
  refuseMistakenFile(path);
  const pieces: string[] = [];
  const scores = new Map<string, number>();
  const special = new Map<string, number>();
  let byteFallback = false;
  let addPrefix = true;
  for (const { number, type, bytes } of fieldsOf(readFileSync(path), bad)) {
    if (type !== 2) continue;
    if (number === 1) {
      const piece = readPiece(bytes, bad);
      if (piece.type === types.userDefined || piece.type === types.unused)
        throw bad(
          `piece ${JSON.stringify(piece.text)} is user-defined or unused, which is not computed here; give tokenizer.json instead`,
        );
      if (piece.type === types.unknown || piece.type === types.control) special.set(piece.text, pieces.length);
      if (piece.type === types.normal) scores.set(piece.text, piece.score);
      pieces.push(piece.text);
    }
    if (number === 2)
      for (const field of fieldsOf(bytes, bad)) {
        if (field.number === 3 && field.value !== 2)
          throw bad(`model_type is ${field.value}; BPE (2) is computed here only`);
        if (field.number === 35) byteFallback = field.value === 1;
        if (field.number === 24 && field.value === 1) throw bad('treat_whitespace_as_suffix is not computed here');
      }
    if (number === 3)
      for (const field of fieldsOf(bytes, bad)) {
        if (field.number === 2 && field.bytes.length > 0)
          throw bad('it normalises characters before it encodes; LLaMA does not, and it is not computed here');
        if (field.number === 3) addPrefix = field.value === 1;
        if (field.number === 4 && field.value === 1) throw bad('remove_extra_whitespaces is not computed here');
        if (field.number === 5 && field.value === 0) throw bad('escape_whitespaces should be true');
      }
  }
  if (pieces.length === 0) throw bad('holds no pieces');
  return {
    path,
    pieces,
    special,
    byteFallback,
    prefix: addPrefix ? 'every' : 'none',
    // SentencePiece joins the pair whose whole has the highest score.
    rankOf: (left, right) => {
      const score = scores.get(left + right);
      return score === undefined ? undefined : -score;
    },
  };
}

function readPiece(message: Buffer, bad: Bad): { text: string; score: number; type: number } {
  let text: string | undefined;
  let score = 0;
  let type: number = types.normal;
  for (const field of fieldsOf(message, bad)) {
    if (field.number === 1 && field.type === 2) text = field.bytes.toString('utf8');
    if (field.number === 2 && field.type === 5) score = field.value;
    if (field.number === 3 && field.type === 0) type = field.value;
  }
  if (text === undefined) throw bad('has a piece without text');
  return { text, score, type };
}
