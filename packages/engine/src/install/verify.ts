// Starts the probe (built JavaScript, also when this file runs from its TypeScript source) and reads its report.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CalmError } from '@calm-orch/core';
import type { ProbeReport, ProbeRequest } from './probe.ts';
import { runTool, type Environment } from './tool.ts';

export type { ProbeReport } from './probe.ts';

export interface ProbeOptions {
  readonly env: Environment;
  readonly signal?: AbortSignal;
}

/** Multiplies matrices in a child process with the engine of one folder; throws with the reason when that fails. */
export async function probeEngine(request: ProbeRequest, { env, signal }: ProbeOptions): Promise<ProbeReport> {
  const program = fileURLToPath(new URL('../../dist/install/probe.js', import.meta.url));
  if (!existsSync(program)) throw new CalmError('engine', 'engine: not built yet; run `npm run build`');
  const args = [program, JSON.stringify(request)];
  const stdout = await runTool([process.execPath], args, { env, signal, timeoutMs: 300_000 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ProbeReport;
}
