// Label files of the published sizes: `npm run bench -- readers` in a process of its own (docs/data.md has figures).
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const bench = fileURLToPath(new URL('../../bench/main.js', import.meta.url));

interface Reading {
  readonly what: string;
  readonly name: string;
  readonly seconds: number;
  readonly bytes: number;
  readonly found: unknown;
}

it('every dataset is known again within 5 s and listed within 60 s, in 600 MB, at its published size', async () => {
  const ended = promisify(execFile)(process.execPath, [bench, 'readers', '--rounds', '1', '--json']);
  // It fails where a limit does not hold; what it measured says which.
  const { stdout } = await ended.catch((error: { readonly stdout: string }) => error);
  const { results } = JSON.parse(stdout) as { readonly results: readonly Reading[] };
  const of = (what: string) => results.filter((result) => result.what === what);
  expect(of('identity, warm')).toHaveLength(13);
  for (const { name, seconds } of of('identity, warm')) expect(seconds, name).toBeLessThanOrEqual(5);
  for (const { name, seconds } of of('catalogue')) expect(seconds, name).toBeLessThanOrEqual(60);
  for (const { what, name, bytes } of results) expect(bytes, `${what}, ${name}`).toBeLessThanOrEqual(600e6);
  expect(of('catalogue').map(({ name, found }) => [name, found])).toMatchObject([
    ['labeled', { photographs: 255_528 }],
    ['comments', {}],
    ['generic', { photographs: 660_153 }],
    ['unlabeled', { photographs: 445_153 }],
    ['questions', { photographs: expect.any(Number) }],
  ]);
  const asked = of('catalogue').find(({ name }) => name === 'questions')!.found as { readonly photographs: number };
  expect(asked.photographs).toBeGreaterThan(440_000);
}, 1_800_000);
