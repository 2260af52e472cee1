// The embedded data, written as the real datasets come, go through a whole experiment by way of `--data`.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 900_000, hookTimeout: 60_000 });

const repository = fileURLToPath(new URL('../../', import.meta.url));
const smoke = join(repository, 'experiments/smoke.yaml');
const sizes = { numTrain: 20, numTest: 5, numUnlabeled: 16, numGeneric: 12 };
const steps = ['pretrainSsl', 'pretrainGeneric', 'finetuneComment', 'finetuneScore'];
const settings = [
  ...Object.entries(sizes).map(([name, size]) => `data.${name}=${size}`),
  ...steps.flatMap((stage) => [`${stage}.steps=2`, `${stage}.batchSize=8`]),
  'evaluate.numComments=3',
].flatMap((setting) => ['--set', setting]);

let dir: string;
let dataFile: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-real-'));
  dataFile = join(dir, 'made/data.yaml');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('data make, data verify, run --data to the table; a changed label file changes what must be made', async () => {
  expect(await calmOrch(['data', 'make', join(dir, 'made'), '--size', '20'])).toMatchObject({
    code: 0,
    stdout: `Wrote 13 datasets and ${dataFile}.\n`,
  });

  const verified = await calmOrch(['data', 'verify', '--data', dataFile, '--json']);
  const { datasets } = JSON.parse(verified.stdout) as { datasets: { dataset: string; status: string }[] };
  expect(datasets.map(({ status }) => status)).toEqual(Array.from({ length: 13 }, () => 'ok'));

  const run = ['run', smoke, '--data', dataFile, '--rows', 'all', ...settings, '--trainers', '1', '--json'];
  const ran = await calmOrch(run);
  const outcome = JSON.parse(ran.stdout) as { status: string; executed: number; tables: { rows: { row: string }[] }[] };
  expect(outcome).toMatchObject({ status: 'succeeded', reused: 0, failures: [] });
  expect(outcome.tables[0]!.rows.map(({ row }) => row)).toContain('all');
  expect(JSON.stringify(outcome.tables)).toContain('CIDEr');

  const plan = ['plan', smoke, '--data', dataFile, ...settings, '--json'];
  const doneOf = async (kind: string): Promise<number> => {
    const { kinds } = JSON.parse((await calmOrch(plan)).stdout) as { kinds: { kind: string; done: number }[] };
    return kinds.find((one) => one.kind === kind)!.done;
  };
  expect(await doneOf('data')).toBe(1);
  appendFileSync(join(dir, 'made/SPAQ/README.txt'), 'a note');
  expect(await doneOf('data')).toBe(0);

  appendFileSync(join(dir, 'made/AVA/AVA.txt'), '26 26 1 2 3\n');
  const broken = await calmOrch(['data', 'verify', 'AVA', '--data', dataFile]);
  expect(broken.code).toBe(1);
  expect(broken.stdout).toContain('AVA.txt:26: expected 15 space-separated integers, got 5 columns');
});

function calmOrch(args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const program = join(repository, 'packages/cli/bin/calm-orch.js');
  const child = spawn(process.execPath, [program, '--dir', join(dir, 'runs'), ...args], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}
