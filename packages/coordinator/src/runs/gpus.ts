// Which worker of this machine computes on which of its GPUs, and who shares one.
import type { Role } from '@calm-orch/core';
import type { Machine, WorkerCounts } from './worker-counts.ts';

/**
 * What CUDA_VISIBLE_DEVICES calls it; null: there is none. Trainers take the GPUs from the first on, evaluators from the
 * last, so that they meet late, and which one a worker has depends on no other.
 */
export function gpuOf(role: Role, index: number, { numGpus, gpuIds }: Machine): string | null {
  if (numGpus === 0) return null;
  const place = role === 'evaluator' ? numGpus - 1 - (index % numGpus) : index % numGpus;
  return gpuIds?.[place] ?? String(place);
}

export interface SharedGpu {
  readonly gpu: string;
  /** Role and index of each. */
  readonly workers: readonly string[];
}

/** The GPUs on which several workers compute. Augmentors compute on none. */
export function sharedGpus(counts: WorkerCounts, machine: Machine): SharedGpu[] {
  const byGpu = new Map<string, string[]>();
  for (const role of ['trainer', 'evaluator'] as const)
    for (let index = 0; index < counts[role]; index++) {
      const gpu = gpuOf(role, index, machine);
      if (gpu !== null) byGpu.set(gpu, [...(byGpu.get(gpu) ?? []), `${role} ${index}`]);
    }
  return [...byGpu].flatMap(([gpu, workers]) => (workers.length > 1 ? [{ gpu, workers }] : []));
}

/** The GPU that a worker computes on in turns with others; null: it need not ask anybody. */
export function gpuInTurns(role: Role, index: number, counts: WorkerCounts, machine: Machine): string | null {
  if (machine.sharesGpus) return null;
  const name = `${role} ${index}`;
  return sharedGpus(counts, machine).find(({ workers }) => workers.includes(name))?.gpu ?? null;
}
