// A TMPDIR that is not there: told before anything starts, in one sentence.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { calmOrch, repository } from '../calm-orch.test-util.ts';

let dir: string;
beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'calm-orch-tmpdir-'))));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const said = /there is no folder for temporary files at \/nonexistent \(TMPDIR\): create it, or set TMPDIR to a folder/;

test('a run does not start, and no run is recorded; plan says that it would not', async () => {
  const env = { TMPDIR: '/nonexistent', CALM_ORCH_DIR: dir };
  const run = await calmOrch(['run', 'experiments/smoke.yaml'], { env, cwd: repository });
  expect(run.code).toBe(1);
  expect(run.stderr).toMatch(said);
  expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect((await calmOrch(['runs', '--json'], { env })).stdout).toBe('[]\n');
  const plan = await calmOrch(['plan', 'experiments/smoke.yaml', '--gflops', '1'], { env, cwd: repository });
  expect(plan).toMatchObject({ code: 0, stderr: expect.stringMatching(said) as string });
  expect(existsSync('/nonexistent')).toBe(false);
}, 60_000);
