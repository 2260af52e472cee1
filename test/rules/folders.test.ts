// Every folder of code has its line in packages/README.md, and no folder holds many files without a reason there.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { repository } from './sources.ts';

const many = 15;

const listed = execFileSync('git', ['ls-files', 'packages', 'bench', 'scripts', 'test'], {
  cwd: repository,
  encoding: 'utf8',
});
const isTest = (file: string): boolean => /\.(test|test-util)\.ts$/.test(file);
/** Folders with code, those of packages without `packages/`, and how many files each holds; tests count in test/ alone. */
const folders = new Map<string, number>();
for (const file of listed
  .trim()
  .split('\n')
  .filter((one) => /\.(tsx?|js|py)$/.test(one))) {
  const folder = dirname(file).replace(/^packages\//, '');
  if (/(^|\/)(fixtures|generated|bin|install\/(cpu|gpu|wasm))(\/|$)/.test(folder) && !folder.endsWith('src/install'))
    continue;
  const counts = folder.startsWith('test') ? /\.test\.ts$/.test(file) : !isTest(file);
  folders.set(folder, (folders.get(folder) ?? 0) + (counts ? 1 : 0));
}

const page = readFileSync(join(repository, 'packages/README.md'), 'utf8');
/** Folder -> what its line says. */
const lines = new Map(
  page
    .replaceAll(/\n {2,}(?!- )/g, ' ')
    .split('\n')
    .filter((line) => /^ *- /.test(line))
    .flatMap((line) =>
      [...line.matchAll(/`([\w-]+(?:\/[\w-]+)*)`(?=[:,])/g)].map(([, name]) => [name!, line] as const),
    ),
);

it('every folder of code has a line, and every line a folder', () => {
  expect(folders.size).toBeGreaterThan(60);
  expect([...folders.keys()].filter((folder) => !lines.has(folder))).toEqual([]);
  expect([...lines.keys()].filter((name) => !folders.has(name))).toEqual([]);
});

it(`a folder with more than ${many} files says why`, () => {
  const crowded = [...folders].filter(([, count]) => count > many).map(([folder]) => folder);
  expect(crowded.length).toBeGreaterThan(0);
  expect(crowded.filter((folder) => !lines.get(folder)?.includes(`more than ${many}`))).toEqual([]);
});
