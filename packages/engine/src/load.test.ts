import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { backendFromEnvironment, startEngine, tf } from './load.ts';

const empty = mkdtempSync(join(tmpdir(), 'calm-orch-load-'));

afterAll(() => rmSync(empty, { recursive: true, force: true }));

test('says how to install an engine that is not there', async () => {
  await expect(startEngine({ cacheDir: empty })).rejects.toThrow(
    /no engine in .*engine; run `npx calm-orch doctor` to install it/,
  );
});

test('takes the back end from CALM_ORCH_BACKEND and refuses one it does not know', () => {
  expect(backendFromEnvironment({})).toBeUndefined();
  expect(backendFromEnvironment({ CALM_ORCH_BACKEND: 'wasm' })).toBe('wasm');
  expect(() => backendFromEnvironment({ CALM_ORCH_BACKEND: 'cuda' })).toThrow(
    /expected tensorflow or wasm, got "cuda"/,
  );
});

test('starts one engine per process, with gradients and tensor methods', async () => {
  const engine = await startEngine({ backend: 'wasm' });
  expect(await startEngine({ backend: 'wasm' })).toBe(engine);
  await expect(startEngine({ backend: 'tensorflow' })).rejects.toThrow(
    /already runs wasm, tensorflow needs another process/,
  );
  expect(engine.tf).toBe(tf);

  const before = tf.memory().numTensors;
  const gradient = tf.tidy(() => [
    ...tf
      .grad((x) => x.square().sum())(tf.tensor1d([1, -2]))
      .dataSync(),
  ]);
  expect(gradient).toEqual([2, -4]);
  expect(tf.memory().numTensors).toBe(before);
});

test(
  "leaves the program's own arguments alone: `--dir` is not node-pre-gyp's `--directory`",
  { timeout: 60_000 },
  () => {
    const script =
      "const { startEngine } = await import('@calm-orch/engine'); const { tf } = await startEngine();" +
      "console.log(tf.scalar(2).square().dataSync()[0], process.argv.slice(-2).join(' '));";
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script, '--', '--dir', empty], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(printed.trim()).toBe(`4 --dir ${empty}`);
  },
);
