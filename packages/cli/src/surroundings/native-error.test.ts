// The errors are those of the packages themselves, loaded from folders in which something of them is missing.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CalmError, programRoot } from '@calm-orch/core';
import { installFolder, nativeProblem, nativeSentence } from './native-error.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-native-'));
  mkdirSync(join(dir, 'node_modules'));
  writeFileSync(join(dir, 'package.json'), '{}');
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

const theirs = (name: string): string => join(programRoot, 'node_modules', name);
const here = (name: string): string => join(dir, 'node_modules', name);

/** A package without its binaries. */
function copy(name: string): void {
  const isCompiled = (path: string): boolean =>
    /\.node$/.test(path) || ['build', 'deps', 'src', 'bin'].includes(basename(path));
  cpSync(theirs(name), here(name), { recursive: true, filter: (path) => !isCompiled(path) });
}

const require = createRequire(import.meta.url);

/** What loading it there throws. */
async function errorOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('it loaded');
}

const forNode20 = Number(process.versions.node.split('.')[0]) < 22;
const sqliteRemedy = forNode20
  ? /^run `npm rebuild better-sqlite3 --ignore-scripts=false` in \//
  : /^run `npm install --include=optional --ignore-scripts=false` in \//;

test('better-sqlite3 without its binary is to be built again', async () => {
  copy('better-sqlite3');
  for (const name of ['bindings', 'file-uri-to-path']) symlinkSync(theirs(name), here(name));
  const error = await errorOf(() => new (require(here('better-sqlite3')) as new (path: string) => unknown)(':memory:'));
  const problem = nativeProblem(error, dir)!;
  expect(problem).toMatchObject({
    module: 'better-sqlite3',
    why: expect.stringMatching(/^has no binary for this machine/),
  });
  expect(problem.remedy).toMatch(sqliteRemedy);
  expect(problem.remedy).toContain(dir);
});

test('sharp without the optional package of its binary is to be installed with it', async () => {
  copy('sharp');
  mkdirSync(here('@img'));
  for (const name of ['@img/colour', 'detect-libc', 'semver']) symlinkSync(theirs(name), here(name));
  const error = await errorOf(() => import(pathToFileURL(join(here('sharp'), 'dist', 'index.mjs')).href));
  expect(nativeProblem(error, dir)).toEqual({
    module: 'sharp',
    why: expect.stringMatching(/^has no binary for this machine \(\w+ \w+, Node \d+/),
    remedy: `run \`npm install --include=optional --ignore-scripts=false\` in ${dir}`,
  });
});

test('esbuild without the program it starts is to be installed with it', async () => {
  copy('esbuild');
  const { transform } = require(here('esbuild')) as { transform(text: string): Promise<unknown> };
  expect(nativeProblem(await errorOf(() => transform('')), dir)).toMatchObject({
    module: 'esbuild',
    remedy: expect.stringContaining('npm install --include=optional'),
  });
});

test('a binary that is none, and one of another Node, are told apart', async () => {
  const binary = join(here('better-sqlite3'), 'build', 'Release', 'better_sqlite3.node');
  mkdirSync(dirname(binary), { recursive: true });
  writeFileSync(binary, 'cut short');
  expect(nativeProblem(await errorOf(() => require(binary)), dir)).toMatchObject({
    module: 'better-sqlite3',
    why: expect.stringMatching(/^cannot be loaded \(.*(ELF|too short)/),
  });
  // As Node 20 says it of a binary that Node 22 built.
  const message = `The module '${binary}'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 127. This version of Node.js requires\nNODE_MODULE_VERSION 115. Please try re-compiling or re-installing\nthe module (for instance, using \`npm rebuild\` or \`npm install\`).`;
  const foreign = nativeProblem(Object.assign(new Error(message), { code: 'ERR_DLOPEN_FAILED' }), dir)!;
  expect(nativeSentence(foreign)).toBe(
    `better-sqlite3 was compiled for another Node (module version 127; Node ${process.versions.node} takes 115): ${foreign.remedy}`,
  );
  expect(foreign.remedy).toMatch(sqliteRemedy);
});

test('a package that is not installed is named, also where another error wraps it', async () => {
  const cause = await errorOf(() => createRequire(join(dir, 'x.js'))('better-sqlite3/lib/index.js'));
  const error = new CalmError('io', 'the cache of labels cannot be used', { cause });
  expect(nativeProblem(error, dir)).toMatchObject({ module: 'better-sqlite3', why: 'is not installed' });
});

test('files that are missing, and all other errors, are not the fault of packages', async () => {
  const file = await errorOf(() => import(join(dir, 'stages.js')));
  expect([file, new Error('x'), 'x', undefined].map((thrown) => nativeProblem(thrown, dir))).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

test('npm is run where calm-orch was installed; a global install is made again', () => {
  const installed = join(dir, 'node_modules', 'calm-orch', '');
  expect([installFolder(`${dir}/`), installFolder(installed)]).toEqual([dir, dir]);
  rmSync(join(dir, 'package.json'));
  expect(installFolder(installed)).toBeNull();
});
