// Elements of a JSON array in a file, one at a time: dataset files of this form reach 1.2 GB, more than a JavaScript
// string can hold. Only the bytes that structure JSON (quotes, brackets, commas) are looked at before an element is
// whole; those are ASCII and cannot occur inside a multi-byte UTF-8 character.
import { closeSync, openSync, readSync } from 'node:fs';
import { CalmError, parseJson, readInto, refuseMistakenFile } from '@calm-orch/core';
import { badLine } from './lines.ts';

/** Where an element stands in its file. */
export interface JsonPlace {
  /** 1-based line on which the element begins. */
  readonly line: number;
  /** Bytes of the file before the element. */
  readonly start: number;
  /** The same before what follows it. */
  readonly end: number;
}

export interface JsonElement extends JsonPlace {
  readonly value: unknown;
}

const chunkBytes = 1 << 20;
/** No record of a dataset comes near this; a longer one is a file that has lost its structure. */
const maxElementBytes = 64 << 20;
const [quote, backslash, comma, newline, space, tab, carriageReturn] = [0x22, 0x5c, 0x2c, 0x0a, 0x20, 0x09, 0x0d];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Yields the elements of the top-level array of `path`, or of the array under `key` of its top-level object.
 * Throws CalmError: not_found, bad_data ('file:line: …') where the JSON is broken or the array is missing.
 */
export function* jsonElements(path: string, key: string | null = null): Iterable<JsonElement> {
  const arrayDepth = key === null ? 0 : 1;
  const what = key === null ? 'a JSON array' : `a JSON object with an array "${key}"`;
  const descriptor = openJson(path, what);
  const buffer = Buffer.allocUnsafe(chunkBytes);
  // The bytes of the element (or of the string, before the array has begun) that earlier chunks held.
  let pieces: Buffer[] = [];
  let held = 0;
  let start = -1;
  let startLine = 1;
  let startByte = 0;
  /** Bytes of earlier chunks. */
  let passed = 0;
  let line = 1;
  let depth = 0;
  let inString = false;
  let escaped = false;
  let found = false;
  let lastString = '';
  try {
    for (;;) {
      const numBytes = readSync(descriptor, buffer, 0, chunkBytes, null);
      if (numBytes === 0) break;
      for (let at = 0; at < numBytes; at++) {
        // Most bytes stand in strings and mean nothing here.
        if (inString && !escaped) {
          for (; at < numBytes && buffer[at] !== quote && buffer[at] !== backslash; at++)
            if (buffer[at] === newline) line += 1;
          if (at === numBytes) break;
        }
        const byte = buffer[at]!;
        if (byte === newline) line += 1;
        if (inString) {
          if (escaped) escaped = false;
          else if (byte === backslash) escaped = true;
          else if (byte === quote) {
            inString = false;
            if (!found) {
              lastString = take(at);
            }
          }
          continue;
        }
        const blank = byte === space || byte === tab || byte === newline || byte === carriageReturn;
        if (found && start < 0 && !blank && byte !== comma && byte !== closeBracket) {
          start = at;
          startLine = line;
          startByte = passed + at;
        }
        if (byte === quote) {
          inString = true;
          if (!found) start = at + 1;
        } else if (byte === openBracket || byte === openBrace) {
          if (!found && depth === arrayDepth && byte === openBracket && (key === null || lastString === key))
            found = true;
          else if (!found && depth === 0 && key === null)
            throw badLine(path, line, what, `'${String.fromCharCode(byte)}'`);
          depth += 1;
        } else if (byte === closeBracket || byte === closeBrace) {
          depth -= 1;
          if (found && depth === arrayDepth) {
            if (start >= 0) yield parsed(at);
            return;
          }
        } else if (byte === comma && found && depth === arrayDepth + 1 && start >= 0) {
          yield parsed(at);
        }
      }
      if (start >= 0) {
        held += numBytes - start;
        if (held > maxElementBytes) {
          throw badLine(path, startLine, `elements of at most ${maxElementBytes} bytes`, 'a longer one');
        }
        pieces.push(Buffer.from(buffer.subarray(start, numBytes)));
        start = 0;
      }
      passed += numBytes;
    }
    throw badLine(path, line, found ? `']' at the end of the array` : what, 'the end of the file');
  } finally {
    closeSync(descriptor);
  }

  function take(end: number): string {
    const last = buffer.subarray(start, end);
    const text = (pieces.length === 0 ? last : Buffer.concat([...pieces, last])).toString('utf8');
    pieces = [];
    held = 0;
    start = -1;
    return text;
  }

  function parsed(at: number): JsonElement {
    const [line, byte] = [startLine, startByte];
    return { value: parseJson(take(at), path, line), line, start: byte, end: passed + at };
  }
}

/** The values of some elements again, without the rest of the file. Throws as `jsonElements` does. */
export function jsonElementsAt(path: string, places: readonly JsonPlace[]): unknown[] {
  const descriptor = openJson(path, 'a JSON array');
  try {
    const buffer = Buffer.alloc(places.reduce((most, { start, end }) => Math.max(most, end - start), 0));
    return places.map(({ start, end, line }) => {
      const bytes = buffer.subarray(0, end - start);
      readInto(descriptor, bytes, start);
      return parseJson(bytes.toString('utf8'), path, line);
    });
  } finally {
    closeSync(descriptor);
  }
}

function openJson(path: string, what: string): number {
  refuseMistakenFile(path);
  try {
    return openSync(path, 'r');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'not_found' : 'io';
    throw new CalmError(code, `cannot open ${path} (expected ${what}): ${(error as Error).message}`, { cause: error });
  }
}
