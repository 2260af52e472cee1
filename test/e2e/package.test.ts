// A real run, packaged and verified where neither its run folder nor anything else is: every number that its stages gave comes out
// again with its bits. A trained model is exported whole.
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { llmShapes, openSafetensors, visionShapes } from '@calm-orch/model';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { calmOrch } from '../../packages/cli/src/calm-orch.test-util.ts';
import { makeRealRuns, type RealRuns } from './real-run.test-util.ts';

let runs: RealRuns;
let dir: string;
beforeAll(() => {
  runs = makeRealRuns();
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-e2e-package-'));
  mkdirSync(join(dir, 'empty'));
});
afterAll(() => {
  runs.close();
  rmSync(dir, { recursive: true, force: true });
});

test('what real stages measured follows from what they predicted; a model goes out with its card', async () => {
  await runs.copy('judged', 'real');
  renameSync(runs.folder('real').dir, join(dir, 'runs'));
  const packaged = await calmOrch(['package', '-o', 'run.zip', '--json'], { cwd: dir });
  expect([packaged.code, packaged.stderr]).toEqual([0, '']);
  const exported = await calmOrch(['export', '--to', 'huggingface', '-o', 'model', '--json'], { cwd: dir });
  expect([exported.code, JSON.parse(exported.stdout)]).toMatchObject([0, { to: 'huggingface', row: 'all', seed: 0 }]);
  rmSync(join(dir, 'runs'), { recursive: true });
  const started = performance.now();
  const verified = await calmOrch(['verify', join(dir, 'run.zip'), '--json'], { cwd: join(dir, 'empty') });
  const found = JSON.parse(verified.stdout);
  expect([verified.code, found]).toMatchObject([0, { run: 'smoke-1', ok: true, stages: 14, tables: 1, verdicts: 1 }]);
  expect(found.recorded).toEqual([]);
  expect(found.numbers).toBeGreaterThan(90);
  expect(performance.now() - started).toBeLessThan(120_000);
  const config = JSON.parse(readFileSync(join(dir, 'model/calm.json'), 'utf8'));
  for (const [folder, keys] of [
    ['vision', Object.keys(visionShapes(config.vision))],
    ['llm', Object.keys(llmShapes(config.llm))],
  ] as const) {
    const weights = openSafetensors(join(dir, 'model', folder, 'model.safetensors'));
    expect(weights.keys).toEqual(expect.arrayContaining(keys.map((key) => key.slice(folder.length + 1))));
    weights.close();
  }
  expect(readFileSync(join(dir, 'model/README.md'), 'utf8')).toMatch(
    /^---\nlicense: "apache-2.0"[^]*- RMSE: \d\.\d+\n[^]*## Limits/,
  );
  expect(readFileSync(join(dir, 'run.zip')).subarray(0, 2).toString()).toBe('PK');
}, 600_000);
