// The check for machines with GPUs, in its form for processors; what it would say of a GPU, from made-up measurements.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const bench = (name: string): string => fileURLToPath(new URL(`../../bench/${name}`, import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'calm-orch-gpu-check-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const check = (...args: string[]) =>
  spawnSync(process.execPath, [bench('gpu-check.js'), '--cpu', ...args], { encoding: 'utf8' });

interface Report {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly status: string; readonly found: string }[];
}
const statuses = ({ checks }: Report) => Object.fromEntries(checks.map(({ name, status }) => [name, status]));

type State = { readonly name: string; readonly sha256: string; readonly numWeights: number };
interface Checks {
  judgeEngine(engine: { backend: string; version: string; usesGpu: boolean }, numGpus: number): string;
  judgeParity(checks: { name: string; maxAbsError: number; tolerance: number; ok: boolean }[]): string;
  judgeBits(states: State[]): string;
  judgeMemory(memory: { usedBytes: number; plannedBytes: number }): string;
  gpuChecks(options: { gpuIds: string[]; config: object; steps: number }): { name: string }[];
}
const checks = (await import(bench('gpu-checks.js'))) as Checks;

describe('npm run gpu-check', () => {
  it('passes on a processor, and writes what it prints', () => {
    const file = join(dir, 'report.json');
    const { status, stdout, stderr } = check('--steps', '1', '--json', '--out', file);
    expect(status, stdout + stderr).toBe(0);
    const report = JSON.parse(stdout) as Report;
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(report);
    expect(report).toMatchObject({ version: 1, ok: true, gpus: [], gpuIds: [] });
    expect(statuses(report)).toEqual({
      engine: 'passed',
      'parity with PyTorch': 'passed',
      'bits of two runs': 'passed',
      'bits of 2 trainers': 'passed',
      'step time': 'passed',
      'peak memory': 'passed',
    });
  });

  it('ends when its time is up: the check under way has failed, the others are skipped', () => {
    const { status, stdout } = check('--seconds', '2', '--json');
    expect(status).toBe(1);
    const report = JSON.parse(stdout) as Report;
    expect(report.ok).toBe(false);
    expect(report.checks.filter((each) => each.status === 'failed')).toHaveLength(1);
    expect(report.checks.at(-1)!.status).toBe('skipped');
  });

  it('refuses options that mean nothing', () => {
    const { status, stderr } = check('--seconds', 'few');
    expect([status, stderr.split('\n')[0]]).toEqual([
      2,
      "gpu-check: --seconds: expected a whole number from 1, got 'few'",
    ]);
  });

  it('trains with 1, 2 and all of the GPUs', () => {
    const names = (numGpus: number): string[] =>
      checks
        .gpuChecks({ gpuIds: Array.from({ length: numGpus }, (_, i) => String(i)), config: {}, steps: 1 })
        .flatMap(({ name }) => (name.startsWith('bits') ? [name] : []));
    expect(names(1)).toEqual(['bits of two runs', 'bits of 2 trainers']);
    expect(names(8)).toEqual(['bits of two runs', 'bits of 2 trainers', 'bits of 8 trainers']);
  });

  it('fails where the engine does not use the GPU, where values, bits or memory are not as they must be', () => {
    const engine = { backend: 'tensorflow', version: '2.20.0', usesGpu: false };
    expect(checks.judgeEngine(engine, 0)).toBe('tensorflow 2.20.0 on the processor');
    expect(checks.judgeEngine({ ...engine, usesGpu: true }, 2)).toBe('tensorflow 2.20.0 on the GPU');
    expect(() => checks.judgeEngine(engine, 1)).toThrow(/computes on the processor, not on the GPU/);
    const near = { name: 'levels', maxAbsError: 1e-6, tolerance: 1e-4, ok: true };
    const far = { name: 'logits', maxAbsError: 2e-3, tolerance: 1e-4, ok: false };
    expect(() => checks.judgeParity([near, far])).toThrow('logits differs by 2.0e-3, at most 0.0001');
    expect(() => checks.judgeParity([near, { ...far, maxAbsError: NaN }])).toThrow('logits differs by NaN');
    const state = (name: string, sha256: string): State => ({ name, sha256, numWeights: 3 });
    expect(() => checks.judgeBits([state('a', '12345678'), state('b', '12345678'), state('c', '87654321')])).toThrow(
      'the weights differ: a 12345678, c 87654321',
    );
    expect(checks.judgeMemory({ usedBytes: 3e9, plannedBytes: 2e9 })).toBe(
      '3000 MB at the peak, planned 2000 MB: 1.50x',
    );
    expect(() => checks.judgeMemory({ usedBytes: 5e9, plannedBytes: 2e9 })).toThrow(/2\.50x, at most 2x/);
  });

  it("asks nvidia-smi for a GPU's memory", () => {
    const smi = `#!/bin/sh\n[ "$4" = GPU-8a ] || exit 1\necho 512\n`;
    writeFileSync(join(dir, 'nvidia-smi'), smi, { mode: 0o755 });
    const config = { ...(JSON.parse(readFileSync(bench('nano.json'), 'utf8')) as object), batch: 2 };
    const asked = JSON.stringify({ config, batch: 2, recompute: false, precision: 'fp32', gpu: 'GPU-8a' });
    const env = { ...process.env, PATH: `${dir}:${process.env['PATH']}` };
    const { stdout, stderr } = spawnSync(process.execPath, [bench('memory-step.js'), asked], { encoding: 'utf8', env });
    expect(JSON.parse(stdout || stderr)).toEqual({ bytes: 512 * 2 ** 20, startBytes: 512 * 2 ** 20 });
  });
});
