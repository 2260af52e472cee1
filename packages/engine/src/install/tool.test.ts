import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findCompiler, findNpm, findPip, runTool, withoutNpmSettings } from './tool.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-tool-'));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

const node = [process.execPath, '-e'] as const;

function makeProgram(name: string, script: string): string {
  const path = join(dir, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

test('returns what a program printed', async () => {
  expect(await runTool(node, ['console.log(process.env.WORD)'], { env: { WORD: 'seen' } })).toBe('seen\n');
});

test.each([
  [
    'console.log("begin"); console.error("ERROR: no such wheel"); console.log("end"); process.exit(1)',
    'ERROR: no such wheel',
  ],
  [
    'console.error("a.cc:3: fatal error: x.h: No such file\\ncompilation terminated."); process.exit(1)',
    'a.cc:3: fatal error: x.h: No such file',
  ],
  ['throw new TypeError("broken")', 'TypeError: broken'],
  ['console.error("out of luck"); process.exit(3)', 'out of luck'],
  ['process.exit(3)', 'node ended with exit code 3'],
])('gives the telling line of a failed program as the reason: %s', async (script, reason) => {
  await expect(runTool(node, [script], { env: {} })).rejects.toThrow(new Error(reason));
});

test('ends a program that takes too long', async () => {
  const endless = runTool(node, ['setInterval(() => {}, 1000)'], { env: {}, timeoutMs: 100 });
  await expect(endless).rejects.toThrow('node did not finish within 0.1 s');
});

test('ends a program when aborted, with the reason of the abort', async () => {
  const stop = new AbortController();
  const endless = runTool(node, ['setInterval(() => {}, 1000)'], { env: {}, signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(endless).rejects.toThrow('enough');
});

test('finds pip through a Python that has it, and passes over one that has not', async () => {
  makeProgram('python3', 'exit 1');
  const pip = makeProgram('pip3', 'exit 0');
  expect(await findPip({ PATH: dir })).toEqual([pip]);
  const python = makeProgram('python3', '[ "$1 $2 $3" = "-m pip --version" ]');
  expect(await findPip({ PATH: dir })).toEqual([python, '-m', 'pip']);
  expect(await findPip({ PATH: '' })).toBeUndefined();
});

test('takes the compiler CXX names, with its arguments, before g++', () => {
  const gnu = makeProgram('g++', '');
  const other = makeProgram('ccache', '');
  expect(findCompiler({ PATH: dir })).toEqual([gnu]);
  expect(findCompiler({ PATH: dir, CXX: 'ccache g++' })).toEqual([other, 'g++']);
  expect(findCompiler({ PATH: dir, CXX: 'absent' })).toBeUndefined();
});

test('takes the npm that runs us, but not another package manager', () => {
  const npm = join(dir, 'npm-cli.js');
  writeFileSync(npm, '');
  expect(findNpm({ npm_execpath: npm })).toEqual([process.execPath, npm]);
  expect(findNpm({ npm_execpath: join(dir, 'pnpm.cjs'), PATH: '' })?.[1]).not.toBe(join(dir, 'pnpm.cjs'));
});

test('keeps how to reach a registry, and drops what steers the install under way', () => {
  const kept = { PATH: '/bin', npm_config_registry: 'r', npm_config_userconfig: 'u', npm_config_cafile: 'c' };
  const dropped = {
    npm_config_workspaces: 'true',
    npm_config_prefix: '/p',
    npm_lifecycle_event: 'postinstall',
    npm_config_omit: 'dev',
  };
  expect(withoutNpmSettings({ ...kept, ...dropped })).toEqual(kept);
});
