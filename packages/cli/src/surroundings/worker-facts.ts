// What a worker finds out about itself before it registers: where it is, and with what it computes.
import { hostname } from 'node:os';
import { processPlace, type Role, type WorkerFacts } from '@calm-orch/core';
import { parts } from '../run/parts.ts';
import type { EngineFacts } from './engine-facts.ts';

/** @throws CalmError `engine` where one is needed, and missing. */
export async function workerFacts(role: Role, log: (line: string) => void, signal: AbortSignal): Promise<WorkerFacts> {
  const { identity, numCores, numGpus } =
    role === 'augmentor' ? await withoutEngine() : await parts.engineFacts(log, signal);
  const threads = process.env['TF_NUM_INTRAOP_THREADS'] ?? '';
  return {
    host: hostname(),
    place: processPlace(),
    numCores,
    numGpus,
    threads: /^\d+$/.test(threads) ? Number(threads) : null,
    engine: identity,
  };
}

async function withoutEngine(): Promise<Pick<EngineFacts, 'identity' | 'numCores' | 'numGpus'>> {
  const { numCores } = await import('@calm-orch/engine');
  return { identity: null, numCores: numCores(), numGpus: 0 };
}
