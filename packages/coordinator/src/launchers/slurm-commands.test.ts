import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { CalmError } from '@calm-orch/core';
import { isAway, jobEnvironment, jobScript, parseSubmitted, slurm, splitArgs } from './slurm-commands.ts';

test('what sbatch prints is a job, with a cluster or without', () => {
  expect(parseSubmitted('12\n')).toBe('12');
  expect(parseSubmitted('12;cluster\n')).toBe('12');
  expect(() => parseSubmitted('Submitted batch job 12')).toThrow(/expected a job's id, got "Submitted batch job 12"/);
});

test('arguments are split as a shell does', () => {
  expect(splitArgs(`--partition=gpu  --comment="two words" --constraint='a|b'`)).toEqual([
    '--partition=gpu',
    '--comment=two words',
    '--constraint=a|b',
  ]);
  expect(splitArgs('')).toEqual([]);
  expect(() => splitArgs('--comment="two')).toThrow(/a quote is not closed/);
});

test('a job gets what it needs of the environment, and no token', () => {
  const env = {
    HOME: '/h',
    PATH: '/bin',
    SBATCH_ACCOUNT: 'x',
    CALM_ORCH_TOKEN: 's',
    CALM_ORCH_JOIN: 's',
    SQUEUE_PARTITION: 'p',
  };
  expect(jobEnvironment(env)).toEqual({ HOME: '/h', PATH: '/bin', SBATCH_ACCOUNT: 'x' });
});

test("a job's script survives a path with quotes, and adds the element's index", () => {
  const dir = mkdtempSync(join(tmpdir(), "calm-orch-it's a path-"));
  try {
    const program = join(dir, 'worker');
    writeFileSync(program, '#!/bin/sh\necho "$OMP_NUM_THREADS" "$@"\n', { mode: 0o755 });
    const options = { args: [], gpus: false, command: [program, 'worker'] };
    const script = jobScript(options, 'trainer', join(dir, 'trainer-'));
    const env = { ...process.env, SLURM_CPUS_ON_NODE: '4', SLURM_ARRAY_TASK_ID: '3' };
    expect(execFileSync('sh', { input: script, env, encoding: 'utf8' })).toBe(
      `4 worker --role trainer --join-file ${join(dir, 'trainer-3')}\n`,
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a controller that is away is told from one that says no', async () => {
  const away = [
    'slurm_load_jobs error: Unable to contact slurm controller (connect failure)',
    'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation',
    'sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received',
  ];
  expect(away.map((text) => isAway(new Error(text)))).toEqual([true, true, true]);
  expect(isAway(new Error('sbatch: error: Batch job submission failed: Invalid partition name specified'))).toBe(false);
  const missing = await slurm('no-such-command', []).catch((error: unknown) => error);
  expect(missing).toBeInstanceOf(CalmError);
  expect((missing as CalmError).message).toBe('no-such-command is not to be found: it must lie in a folder of PATH');
  expect(isAway(missing as CalmError)).toBe(false);
});
