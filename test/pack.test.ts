// What `npm run pack` puts into the tarball is what the program opens when it runs: looked up in the sources, not listed.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { workspacePackages, repository } from './rules/sources.ts';

let packed: ReadonlySet<string>;

beforeAll(() => {
  const output = execFileSync(process.execPath, ['scripts/pack.js', '--list'], { cwd: repository, encoding: 'utf8' });
  packed = new Set(output.trim().split('\n'));
});

/** `new URL('../migrations/', import.meta.url)`; of a template what stands before its first hole. */
const opened = /new URL\([`'](\.[^`'$]*)[^`']*[`'],\s*import\.meta\.url\)/g;

const bundled = 'node_modules/@calm-orch';
const isTest = (name: string): boolean => /\.(test|test-util)\./.test(name);
const filesBelow = (folder: string): string[] =>
  readdirSync(join(repository, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(repository, join(entry.parentPath, entry.name)));

test('every compiled module of every package is in it, and no test', () => {
  const modules = workspacePackages().flatMap(({ name }) =>
    filesBelow(`packages/${name}/dist`)
      .filter((path) => path.endsWith('.js') && !isTest(path) && existsSync(sourceOf(path)))
      .map((path) => path.replace('packages', bundled)),
  );
  expect(modules.length).toBeGreaterThan(300);
  expect(modules.filter((path) => !packed.has(path))).toEqual([]);
  expect([...packed].filter(isTest)).toEqual([]);
});

/** What a module was compiled from; without one it is left from before. */
const sourceOf = (path: string): string => join(repository, path.replace('/dist/', '/src/').replace(/js$/, 'ts'));

test('every file and folder a module names by its own place is in it', () => {
  const named = workspacePackages().flatMap(({ files }) =>
    files
      .filter((file) => !isTest(file))
      .flatMap((file) =>
        [...readFileSync(join(repository, file), 'utf8').matchAll(opened)].map(([, path]) => ({
          file,
          path: normalize(join(dirname(file.replace('/src/', '/dist/')), path!)),
        })),
      ),
  );
  expect(named.length).toBeGreaterThan(10);
  const shipped = named
    .filter(({ path }) => /^packages\/[\w-]+\/\w/.test(path))
    .map(({ file, path }) => ({ file, path: path.replace('packages', bundled) }));
  expect(shipped.map(({ path }) => path)).toContain(`${bundled}/tracker/migrations/`);
  expect(shipped.filter(({ path }) => !isPacked(path))).toEqual([]);
});

/** A file, or a folder with something in it. */
const isPacked = (path: string): boolean =>
  packed.has(path) || [...packed].some((each) => each.startsWith(path.endsWith('/') ? path : `${path}/`));

test('everything in the folders that come with the program is in it', () => {
  const folders = ['experiments', 'ablations', 'schemas', 'assets', 'data', 'proto', 'packages/engine/install'];
  const carried = [
    ...folders.flatMap(filesBelow).filter((path) => path !== 'data/real.yaml'),
    ...readdirSync(join(repository, 'packages')).flatMap((name) => {
      const fixtures = `packages/${name}/fixtures`;
      return existsSync(join(repository, fixtures)) ? filesBelow(fixtures) : [];
    }),
  ].map((path) => path.replace(/^packages/, bundled));
  expect(carried).toContain('assets/photos/CREDITS.md');
  expect(carried.filter((path) => !packed.has(path))).toEqual([]);
  expect(packed).toContain('LICENSE');
});

test('all that modules import from elsewhere is a dependency, at the version of the lock file', () => {
  const output = execFileSync(process.execPath, ['scripts/pack.js', '--manifest'], {
    cwd: repository,
    encoding: 'utf8',
  });
  const manifest = JSON.parse(output) as Record<string, Record<string, string>>;
  const versions = { ...manifest['dependencies'], ...manifest['optionalDependencies'] };
  const { packages } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  const wanted = workspacePackages().flatMap(({ manifest: own }) =>
    Object.keys({ ...own.dependencies, ...own.optionalDependencies }),
  );
  expect(wanted).toContain('better-sqlite3-13');
  for (const name of wanted.filter((each) => !each.startsWith('@calm-orch/')))
    expect(`${name} ${versions[name]?.split('@').at(-1)}`).toBe(`${name} ${packages[`node_modules/${name}`]?.version}`);
  expect(manifest['scripts']).toEqual({ postinstall: 'node scripts/postinstall.js' });
  expect(packed).toContain('scripts/postinstall.js');
});
