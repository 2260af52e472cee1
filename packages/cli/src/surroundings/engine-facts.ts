// The engine as a run needs it before any worker starts, and a worker before it registers: installed, and named for the
// keys of stages. TensorFlow itself is not loaded.
import type { Json } from '@calm-orch/core';

export interface EngineFacts {
  /** What of the engine can change a result. */
  readonly identity: Json;
  readonly numCores: number;
  readonly numGpus: number;
  /** Threads of a trainer at most, and those the user has set for TensorFlow. */
  readonly maxTrainerThreads?: number;
  readonly threads?: string;
  readonly gpuIds: readonly string[];
  readonly devices: Json;
}

/** Finishes an install that is missing or was cut short, then reads what is there. @throws CalmError `engine` */
export async function engineFacts(log: (line: string) => void, signal: AbortSignal): Promise<EngineFacts> {
  const { devices, ensureEngine, instructionSet, maxExactThreads, numCores, runsKernels, visibleGpus } =
    await import('@calm-orch/engine');
  const { marker } = await ensureEngine({ log, signal });
  const backend = process.env['CALM_ORCH_BACKEND'] || marker.backend;
  const found = await devices();
  const usesGpus = marker.variant === 'gpu' && backend !== 'wasm';
  const gpuIds = usesGpus ? visibleGpus(found.filter(({ kind }) => kind === 'gpu').length) : [];
  const { package: name, packageVersion, version } = marker;
  const kernels = backend === 'wasm' || !runsKernels() ? undefined : marker.kernels;
  const maxTrainerThreads = maxExactThreads(gpuIds.length > 0);
  const threads = process.env['TF_NUM_INTRAOP_THREADS'];
  return {
    identity: {
      backend,
      package: name,
      packageVersion,
      version,
      ...(kernels !== undefined && { kernels }),
      instructionSet: instructionSet(),
    },
    numCores: numCores(),
    ...(Number.isFinite(maxTrainerThreads) && { maxTrainerThreads }),
    ...(threads && { threads }),
    numGpus: gpuIds.length,
    gpuIds,
    devices: found.map(({ kind, name: device }) => ({ kind, name: device })),
  };
}
