// The lock file must serve everybody: `npm ci` of npm 10 (which comes with Node 20) and of npm 11, from any registry.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Lock {
  readonly packages: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const root = new URL('../../', import.meta.url);
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, root), 'utf8'));
const { packages } = read('package-lock.json') as Lock;

test('names no registry', () => {
  const urls = Object.entries(packages).filter(
    ([, { resolved }]) => typeof resolved === 'string' && resolved.includes('://'),
  );
  expect(urls).toEqual([]);
});

test('is in step with every package.json', () => {
  const folders = Object.keys(packages).filter((path) => path === '' || /^packages\/[^/]+$/.test(path));
  expect(folders.length).toBeGreaterThan(5);
  for (const folder of folders) {
    const own = read(folder === '' ? 'package.json' : `${folder}/package.json`) as Record<string, unknown>;
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'])
      expect([folder, kind, packages[folder]![kind] ?? {}]).toEqual([folder, kind, own[kind] ?? {}]);
  }
});

test('has at its root an esbuild that satisfies optional peers: npm 10 misses it in the lock file otherwise', () => {
  const [major, minor] = String(packages['node_modules/esbuild']!['version']).split('.');
  const wanted = Object.values(packages).flatMap((each) => {
    const range = (each['peerDependencies'] as Readonly<Record<string, string>> | undefined)?.['esbuild'];
    return range === undefined ? [] : [range];
  });
  for (const range of wanted) expect(range).toContain(`^${major}.${minor}.`);
});
