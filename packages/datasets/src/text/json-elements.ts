// Elements of a JSON array in a file, one at a time: dataset files of this form reach 1.2 GB, more than a JavaScript
// string can hold. Only the bytes that structure JSON (quotes, brackets, commas) are looked at before an element is
// whole; those are ASCII and cannot occur inside a multi-byte UTF-8 character.
import { closeSync, openSync, readSync } from 'node:fs';
import { CalmError, parseJson, refuseMistakenFile } from '@calm-orch/core';
import { badLine } from './lines.ts';

export interface JsonElement {
  readonly value: unknown;
  /** 1-based line on which the element begins. */
  readonly line: number;
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
            if (start >= 0) yield parsed(take(at));
            return;
          }
        } else if (byte === comma && found && depth === arrayDepth + 1 && start >= 0) {
          yield parsed(take(at));
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
    }
    throw badLine(path, line, found ? `']' at the end of the array` : what, 'the end of the file');
  } finally {
    closeSync(descriptor);
  }

  function take(end: number): string {
    pieces.push(Buffer.from(buffer.subarray(start, end)));
    const text = Buffer.concat(pieces).toString('utf8');
    pieces = [];
    held = 0;
    start = -1;
    return text;
  }

  function parsed(text: string): JsonElement {
    return { value: parseJson(text, path, startLine), line: startLine };
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
