import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { codeVersions } from './code-cache.ts';

let dir: string;
let entry: string;
let cache: string;
const write = (name: string, text: string): void => {
  mkdirSync(join(dir, name, '..'), { recursive: true });
  writeFileSync(join(dir, name), text);
};
const hash = async (file?: string): Promise<string> => (await codeVersions([entry], file)).get(entry)!.hash;
/** A remembered version that bundling would never give. */
const mark = (): void => writeFileSync(cache, readFileSync(cache, 'utf8').replace(/"hash":"[^"]*"/, '"hash":"marked"'));
const settle = () => new Promise((done) => setTimeout(done, 30));

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-code-'));
  entry = join(dir, 'stage.js');
  cache = join(dir, 'cache', 'code.json');
  write(
    'stage.js',
    "import { scale } from './helper.js'; import sharp from 'sharp'; export const stage = () => sharp(scale(1));",
  );
  write('helper.js', 'export const scale = (value) => value * 2;');
  write('package.json', '{"type":"module"}');
  write('node_modules/sharp/package.json', '{"name":"sharp","version":"1.2.3"}');
  await settle();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('code that is as it was is not bundled again', async () => {
  const made = await hash(cache);
  expect(made).toBe(await hash());
  mark();
  expect(await hash(cache)).toBe('marked');
});

test.each([
  ['a helper, in a file of the same size', () => write('helper.js', 'export const scale = (value) => value * 3;')],
  [
    'a package of another version',
    () => write('node_modules/sharp/package.json', '{"name":"sharp","version":"9.9.9"}'),
  ],
  [
    'a helper that looks as old as before',
    () => {
      write('helper.js', 'export const scale = (value) => value * 4;');
      utimesSync(join(dir, 'helper.js'), 1, 1);
    },
  ],
])('%s is bundled again', async (_, change) => {
  const before = await hash(cache);
  mark();
  change();
  await settle();
  const after = await hash(cache);
  expect(after).toBe(await hash());
  expect(after).not.toBe(before);
});

test('a cache that is damaged, of other tools, or in a place that cannot be written costs time alone', async () => {
  const made = await hash();
  for (const text of ['', '{', '[]', 'null', '{"tool":"other","kept":{}}']) {
    write('cache/code.json', text);
    expect(await hash(cache)).toBe(made);
  }
  expect(await hash(join(entry, 'code.json'))).toBe(made);
});
