// `calm-orch chaos`: twenty faults with each of five seeds, and a hundred, change no weight, number or table; a fault that is
// planted in training is found, a flipped bit too.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch-chaos-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

interface Report {
  readonly faults: readonly unknown[];
  readonly fingerprintsEqual: boolean;
  readonly tablesEqual: boolean;
  readonly metricsEqual: boolean;
  readonly ledgerOk: boolean;
  readonly problems: readonly string[];
  readonly planted?: { readonly stage: string; readonly step: number };
}

async function chaos(faults: number, seed: number, more: readonly string[] = []): Promise<Report> {
  const child = spawn(
    process.execPath,
    [
      join(root, 'packages/cli/bin/calm-orch.js'),
      'chaos',
      'experiments/smoke.yaml',
      '--json',
      '--dir',
      dir,
      '--faults',
      String(faults),
      '--seed',
      String(seed),
      ...more,
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code, stderr + stdout).toBe(0);
  return JSON.parse(stdout) as Report;
}

test.each([1, 2, 3, 4, 5])('twenty faults, seed %i', { timeout: 1_800_000 }, async (seed) => {
  // Long enough for all of them.
  const report = await chaos(20, seed, ['--set', 'finetuneScore.steps=200']);
  expect(report.faults).toHaveLength(20);
  expect(report).toMatchObject({ fingerprintsEqual: true, tablesEqual: true, metricsEqual: true, ledgerOk: true });
});

test.each([6, 7])(
  'twenty faults, seed %i, where gradients are added in the graph',
  { timeout: 1_800_000 },
  async (seed) => {
    const report = await chaos(20, seed, ['--set', 'finetuneScore.steps=400', '--set', 'train.exchange=collective']);
    expect(report.faults).toHaveLength(20);
    expect(report).toMatchObject({ fingerprintsEqual: true, tablesEqual: true, metricsEqual: true, ledgerOk: true });
  },
);

test('a hundred faults', { timeout: 3_600_000 }, async () => {
  // More steps, so that there is something left to disturb.
  const report = await chaos(100, 7, ['--set', 'finetuneScore.steps=300', '--set', 'finetuneComment.steps=200']);
  expect(report.faults).toHaveLength(100);
  expect(report).toMatchObject({ fingerprintsEqual: true, tablesEqual: true, metricsEqual: true, ledgerOk: true });
});

test.each([1, 2, 3])(
  'the audit finds the fault that a self-test plants, seed %i',
  { timeout: 1_800_000 },
  async (seed) => {
    const report = await chaos(4, seed, ['--self-test']);
    expect(report).toMatchObject({ ledgerOk: false, fingerprintsEqual: false, planted: { found: true } });
    expect(report.problems.join()).toContain(`${report.planted!.stage}: step ${report.planted!.step} (attempt `);
  },
);

test.each(['flip-replica', 'flip-slice'])('a flipped bit is found: %s', { timeout: 1_800_000 }, async (kind) => {
  const report = await chaos(0, 1, ['--self-test', kind, '--set', 'finetuneScore.steps=150']);
  expect(report).toMatchObject({
    ledgerOk: true,
    fingerprintsEqual: kind === 'flip-replica',
    planted: { found: true },
  });
});
