// How many worker processes of each role, and how they share the machine.
import type { Role } from '@calm-orch/core';
import { gpuInTurns, gpuOf } from './gpus.ts';

export type WorkerCounts = Readonly<Record<Role, number>>;

export interface Machine {
  readonly numCores: number;
  readonly numGpus: number;
  /** Threads of a trainer at most. @default none */
  readonly maxTrainerThreads?: number;
  /** TensorFlow's threads as the user has set them: taken as they are. */
  readonly threads?: string;
  /** What CUDA_VISIBLE_DEVICES calls them. @default 0, 1, ... */
  readonly gpuIds?: readonly string[];
  /** Workers with the same GPU compute on it at once. @default in turns */
  readonly sharesGpus?: boolean;
}

/** Numbers given on the command line are taken as they are; the experiment's trainers are capped by GPUs or cores. */
export function workerCounts(
  experiment: { readonly trainers: number; readonly augmentors: number; readonly evaluators: number },
  given: { readonly trainers?: number; readonly augmentors?: number; readonly evaluators?: number },
  { numCores, numGpus }: Machine,
): WorkerCounts {
  return {
    trainer: given.trainers ?? Math.min(experiment.trainers, numGpus > 0 ? numGpus : numCores),
    augmentor: given.augmentors ?? experiment.augmentors,
    evaluator: given.evaluators ?? experiment.evaluators,
  };
}

/** Has malloc of glibc 2.35 and later ask for pages of 2 MB, so that a photograph's buffer is not 500 page faults; else it means nothing. */
export const largePages = 'glibc.malloc.hugetlb=1';

/** The cores shared among those who compute at the same time; null: the user's own words, which are no number. */
export function threadsOf(
  role: Role,
  counts: WorkerCounts,
  { numCores, maxTrainerThreads = Infinity, threads: given }: Machine,
): number | null {
  if (given !== undefined) return /^\d+$/.test(given) ? Number(given) : null;
  // Evaluators work beside the trainers; augmentors have the machine to themselves.
  const sharing = {
    trainer: counts.trainer,
    evaluator: counts.trainer + counts.evaluator,
    augmentor: counts.augmentor,
  };
  const share = Math.max(1, Math.floor(numCores / sharing[role]));
  return role === 'trainer' ? Math.min(share, maxTrainerThreads) : share;
}

/** Environment of one worker: its threads and its GPU. */
export function computeEnvironment(
  role: Role,
  index: number,
  counts: WorkerCounts,
  machine: Machine,
): NodeJS.ProcessEnv {
  const gpu = gpuOf(role, index, machine);
  const threads = machine.threads ?? String(threadsOf(role, counts, machine));
  return {
    TF_NUM_INTRAOP_THREADS: threads,
    OMP_NUM_THREADS: threads,
    TF_NUM_INTEROP_THREADS: '1',
    TF_CPP_MIN_LOG_LEVEL: '3',
    VIPS_CONCURRENCY: threads,
    ...(role === 'augmentor' && { GLIBC_TUNABLES: process.env['GLIBC_TUNABLES'] ?? largePages }),
    ...(gpu !== null && {
      CUDA_VISIBLE_DEVICES: gpu,
      // Else the first process takes all memory of a GPU that several share.
      TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    }),
    ...(gpuInTurns(role, index, counts, machine) !== null && { CALM_ORCH_GPU_IN_TURNS: '1' }),
  };
}
