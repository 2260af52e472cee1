// What of a user's input is not used is told before a run starts, by kind and with an example; nothing usable is an error.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { calmOrch, repository, type Ended } from '../calm-orch.test-util.ts';

const heic = Buffer.from('0000001c667479706865696300000000', 'hex');

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-unused-'));
  mkdirSync(join(dir, 'photos', 'holiday'), { recursive: true });
  for (const name of ['a.HEIC', 'b.HEIC', 'c.HEIC']) writeFileSync(join(dir, 'photos', name), heic);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const smoke = join(repository, 'experiments/smoke.yaml');
const plan = (...more: string[]): Promise<Ended> =>
  calmOrch(['plan', smoke, '--gflops', '1', '--set', `data.unlabeledDir=${dir}/photos`, ...more], {
    cwd: dir,
    env: { CALM_ORCH_DIR: join(dir, 'runs') },
  });

test('a telephone’s folder: how many of how many, and why not the others', async () => {
  const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, ...Array.from({ length: 20 }, () => 0)]);
  writeFileSync(join(dir, 'photos', 'd.jpg'), jpeg);
  writeFileSync(join(dir, 'photos', 'e.jpg'), heic);
  writeFileSync(join(dir, 'photos', 'f.jpg'), 'version https://git-lfs.github.com/spec/v1\n');
  writeFileSync(join(dir, 'photos', 'g.mask.png'), 'x');
  const { code, stderr } = await plan();
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /note: .*photos: 1 of 8 files and folders is used; left out: 4 HEIC, .*convert.* \(a\.HEIC\), /,
  );
  expect(stderr).toMatch(
    /1 of which it is a Git LFS pointer.*\(f\.jpg\), 1 mask without a photograph \(g\.mask\.png\)/,
  );
  expect(stderr).toMatch(/1 folder within it, where nothing is looked for \(holiday\)\n/);
});

test('a folder of which nothing can be used, and a folder beside --data, are errors', async () => {
  expect(await plan()).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/data\.unlabeledDir: no photograph to use: .*: 0 of 4 .* 3 HEIC/) as string,
  });
  writeFileSync(join(dir, 'data.yaml'), 'AVA: .\n');
  expect(await plan('--data', 'data.yaml')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/data\.unlabeledDir joins the embedded data's pool only/) as string,
  });
});
