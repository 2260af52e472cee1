// JSON that somebody else has written: the one reader for it. JSON.parse decides; where it refuses, the place and the
// reason are looked for, since its own words differ between versions of Node and often name no line.
import { readFileSync } from 'node:fs';
import jsonc, { type ParseError } from 'jsonc-parser';
import { CalmError } from '../errors.ts';
import { mistakenContent } from './mistaken-file.ts';

/**
 * The value of a JSON file: UTF-8, or UTF-16 with a byte order mark; a byte order mark is no part of the text.
 * @throws CalmError `not_found`, `io`, or `bad_data` with file:line:column.
 */
export function readJson(path: string): unknown {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new CalmError(code === 'ENOENT' ? 'not_found' : 'io', `${path} cannot be read: ${message}`, { cause });
  }
  const mistaken = mistakenContent(bytes);
  if (mistaken !== null) throw new CalmError('bad_data', `${path}: ${mistaken}`);
  return parseJson(decode(bytes), path);
}

/**
 * @param where The file, for errors.
 * @param firstLine 1-based line of the file at which the text begins.
 * @throws CalmError `bad_data` with file:line:column.
 */
export function parseJson(text: string, where: string, firstLine = 1): unknown {
  const json = text.replace(/^\uFEFF/, '');
  const refuse = (offset: number, what: string, cause?: unknown): CalmError => {
    const lines = json.slice(0, offset).split(/\r\n|\n|\r/);
    const place = `${where}:${firstLine + lines.length - 1}:${lines.at(-1)!.length + 1}`;
    return new CalmError('bad_data', `${place}: ${what}`, { cause });
  };
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    const errors: ParseError[] = [];
    jsonc.parse(json, errors, { disallowComments: true, allowTrailingComma: false });
    const offset = errors[0]?.offset ?? 0;
    throw refuse(offset, whatIsWrong(json.slice(offset)), cause);
  }
  // Only where digits stand that could be a whole number too large to be kept.
  if (/(?<![\d.])\d{16,}(?![\d.eE])/.test(json))
    jsonc.visit(json, {
      onLiteralValue: (found, offset, length) => {
        if (typeof found === 'number' && Number.isInteger(found) && !Number.isSafeInteger(found)) {
          const digits = json.slice(offset, offset + length);
          if (/^-?\d+$/.test(digits))
            throw refuse(
              offset,
              `the whole number ${digits} is above 2^53 and would be read as another; write it in quotes`,
            );
        }
      },
    });
  return value;
}

function whatIsWrong(rest: string): string {
  const word = /^-?[A-Za-z]+/.exec(rest)?.[0] ?? '';
  if (/^-?(nan|inf|infinity)$/i.test(word)) return `JSON has no ${word}; write null where there is no number`;
  if (/^(none|undefined)$/i.test(word)) return `JSON has no ${word}; write null`;
  if (/^(true|false)$/i.test(word)) return `JSON writes ${word.toLowerCase()}, got ${word}`;
  if (rest.startsWith("'")) return `JSON has double quotes only, got '`;
  if (rest.startsWith('//') || rest.startsWith('/*') || rest.startsWith('#')) return 'JSON has no comments';
  if (rest.trim() === '') return 'expected JSON, got the end of the file';
  return `expected JSON, got ${JSON.stringify(rest.slice(0, 20).split(/[\r\n]/)[0])}`;
}

function decode(bytes: Buffer): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return bytes.toString('utf8');
}
