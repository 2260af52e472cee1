import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundledVersions } from './code-version.ts';

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch-code-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const files = {
  'stage.js': `import { scale } from './helper.js';
    import { hashOf } from '@calm-orch/core';
    import sharp from 'sharp';
    /** Doubles. */
    export const stage = async (context) => { const doubled = scale(context.item); return sharp(hashOf(doubled)); };`,
  'helper.js': `const factor = 2;
    export const scale = (value) => value * factor;
    export const unused = () => 'nobody calls this';`,
  'node_modules/sharp/package.json': '{"name":"sharp","version":"1.2.3"}',
  'node_modules/@calm-orch/core/package.json': '{"name":"@calm-orch/core","main":"index.js","type":"module"}',
  'node_modules/@calm-orch/core/index.js': "export { hashOf } from './hash.js'; export { other } from './other.js';",
  'node_modules/@calm-orch/core/hash.js': 'export const hashOf = (value) => `hash of ${value}`;',
  'node_modules/@calm-orch/core/other.js': 'export const other = Symbol("made at import time");',
};

async function versionWith(changes: Partial<typeof files> = {}): Promise<string> {
  for (const [name, text] of Object.entries({ ...files, ...changes })) {
    mkdirSync(join(dir, name, '..'), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  const entry = join(dir, 'stage.js');
  return (await bundledVersions([entry])).get(entry)!.hash;
}

test('comments, white space, local names and code a stage does not reach are not its code', async () => {
  const version = await versionWith();
  expect(version).toMatch(/^[0-9a-f]{64}$/);
  const rewritten = files['stage.js']
    .replace('/** Doubles. */', '// makes it twice as much')
    .replaceAll('doubled', 'twice')
    .replaceAll('; ', ';\n\n');
  expect(await versionWith({ 'stage.js': rewritten })).toBe(version);
  expect(await versionWith({ 'helper.js': files['helper.js'].replace('nobody', 'no one') })).toBe(version);
  expect(await versionWith({ 'node_modules/@calm-orch/core/other.js': 'export const other = Symbol("x");' })).toBe(
    version,
  );
});

test('helpers, constants, code of our other packages and versions of foreign ones are', async () => {
  const version = await versionWith();
  expect(await versionWith({ 'helper.js': files['helper.js'].replace('= 2', '= 3') })).not.toBe(version);
  expect(
    await versionWith({ 'node_modules/@calm-orch/core/hash.js': 'export const hashOf = (value) => `#${value}`;' }),
  ).not.toBe(version);
  expect(await versionWith({ 'node_modules/sharp/package.json': '{"name":"sharp","version":"1.2.4"}' })).not.toBe(
    version,
  );
});

test('a stage that was never built is an error with its remedy', async () => {
  await expect(bundledVersions([join(dir, 'absent.js')])).rejects.toThrow(/absent\.js; run `npm run build`/);
});

test('installed packages have the versions, and the names of modules, that they have in a clone', async () => {
  const trainer = `import { hashOf } from '@calm-orch/core';\nexport const stage = (context) => hashOf(context.item);`;
  const put = (path: string, text: string): string => {
    mkdirSync(join(dir, path, '..'), { recursive: true });
    writeFileSync(join(dir, path), text);
    return join(dir, path);
  };
  const layOut = (home: string): string => {
    put(`${home}/core/package.json`, '{"name":"@calm-orch/core","main":"dist/index.js","type":"module"}');
    put(`${home}/core/dist/index.js`, 'export const hashOf = (value) => `hash of ${value}`;');
    return put(`${home}/trainer/dist/stage.js`, trainer);
  };
  const installed = layOut('x/node_modules/calm-orch/node_modules/@calm-orch');
  const clone = layOut('packages/clone/packages');
  mkdirSync(join(dir, 'packages/clone/node_modules/@calm-orch'), { recursive: true });
  symlinkSync('../../packages/core', join(dir, 'packages/clone/node_modules/@calm-orch/core'));
  const versions = await bundledVersions([installed, clone]);
  const [ours, theirs] = [versions.get(clone)!, versions.get(installed)!];
  expect(theirs.hash).toBe(ours.hash);
  expect(theirs.modules).toEqual(ours.modules);
  expect(Object.keys(ours.modules)).toEqual(['packages/core/dist/index.js', 'packages/trainer/dist/stage.js']);
});
