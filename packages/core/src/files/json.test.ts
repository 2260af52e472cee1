import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseJson, readJson } from './json.ts';

const dir = mkdtempSync(join(tmpdir(), 'calm-orch-json-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const file = (content: string | Buffer): string => {
  const path = join(dir, 'x.json');
  writeFileSync(path, content);
  return path;
};
const bom = '\uFEFF';

test('a byte order mark is no part of the text, in UTF-8 and in UTF-16', () => {
  expect(readJson(file(`${bom}{"a":"ü"}`))).toEqual({ a: 'ü' });
  const utf16 = Buffer.from(`${bom}{"a":"ü"}`, 'utf16le');
  expect(readJson(file(utf16))).toEqual({ a: 'ü' });
  expect(readJson(file(Buffer.from(utf16).swap16()))).toEqual({ a: 'ü' });
});

test.each([
  ['[1,\n NaN]', '2:2: JSON has no NaN; write null where there is no number'],
  ['[1, -Infinity]', '1:5: JSON has no -Infinity; write null where there is no number'],
  ['{"a":\r\n  None}', '2:3: JSON has no None; write null'],
  ['[True]', '1:2: JSON writes true, got True'],
  ["{'a': 1}", "1:2: JSON has double quotes only, got '"],
  ['{\n  // why\n  "a": 1}', '2:3: JSON has no comments'],
  ['[1,\n2,]', '2:3: expected JSON, got "]"'],
  ['[1 2]', '1:4: expected JSON, got "2]"'],
  ['{"a": 1', '1:8: expected JSON, got the end of the file'],
  ['', '1:1: expected JSON, got the end of the file'],
  ['<!DOCTYPE html>', '1:1: expected JSON, got "<!DOCTYPE html>"'],
  ['[12345678901234567890]', '1:2: the whole number 12345678901234567890 is above 2^53'],
  ['{"id": -9007199254740993}', '1:8: the whole number -9007199254740993 is above 2^53'],
])('%j is refused with line, column and reason', (text, message) => {
  expect(() => parseJson(text, 'x.json')).toThrow(`x.json:${message}`);
  expect(() => parseJson(text, 'x.json', 7)).toThrow(/^x\.json:[78]:/);
});

test('digits in strings, 2^53 - 1 and long fractions are kept', () => {
  const text = '["12345678901234567890", 9007199254740991, 0.12345678901234567890, 1e300]';
  expect(parseJson(text, 'x.json')).toEqual(JSON.parse(text));
});

test('a file that is not there is said to be', () => {
  expect(() => readJson(join(dir, 'absent.json'))).toThrow(/absent\.json cannot be read: ENOENT/);
});
