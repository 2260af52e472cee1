// Fused operations have the same bits on every kind of processor and with any number of threads: programs that compute with
// each are started anew, since both are chosen when the engine is loaded.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startEngine } from '@calm-orch/engine';
import { expect, it } from 'vitest';

const { kernels } = await startEngine();

const program = fileURLToPath(new URL('./fused-bits.test-util.ts', import.meta.url));

function bitsWith(env: Record<string, string>): string {
  const args = ['--conditions=@calm-orch/source', '--import', 'tsx', program];
  return execFileSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...env } }).trim();
}

it.skipIf(kernels === undefined)(
  'the same bits for AVX2, AVX-512 and any number of threads',
  { timeout: 120_000 },
  () => {
    const one = bitsWith({ TF_NUM_INTRAOP_THREADS: '1' });
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(bitsWith({ TF_NUM_INTRAOP_THREADS: '3' })).toBe(one);
    expect(bitsWith({ TF_NUM_INTRAOP_THREADS: '2', ONEDNN_MAX_CPU_ISA: 'AVX2' })).toBe(one);
  },
);
