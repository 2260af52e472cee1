// How workers come to be: one file an engine (local.ts). A launcher only makes workers appear, ends them, and says why one
// is not there. Whether a worker works is told by its calls: leases and heartbeats are the truth, and the end that a
// launcher sees only makes a lease free sooner than its time.
import type { Role } from '@calm-orch/core';
import type { RunWorker, WorkerEnd } from '@calm-orch/tracker';

export interface WorkerSlot {
  readonly role: Role;
  /** 0-based among the workers of the role. */
  readonly index: number;
}

/** What a launcher knows a worker by, also one that an earlier coordinator has started. */
export type LaunchedWorker = Pick<RunWorker, 'pid' | 'started'>;

export interface StartedWorker {
  /** null: it could not be started, or has ended at once; `ended` says why. */
  readonly worker: LaunchedWorker | null;
  /** Resolved once it has ended. */
  readonly ended: Promise<WorkerEnd>;
  /** Leaves it to another coordinator: it keeps this process from ending no longer. */
  leave(): void;
}

export interface Launcher {
  /** Makes a worker appear, sooner or later. `call`: variables that tell it how to reach its coordinator. @throws CalmError `io` */
  start(slot: WorkerSlot, call: NodeJS.ProcessEnv): StartedWorker;
  /** Whether it has not ended. */
  alive(worker: LaunchedWorker): boolean;
  /** Ends it, and nobody who has its number by now. `orderly`: it may save a checkpoint before. */
  stop(worker: LaunchedWorker, how: 'orderly' | 'at once'): void;
  /** Goes on after a slot's name, for who waits for its worker: `last said: ...`. */
  describe(slot: WorkerSlot): string;
}

const lookEveryMs = 100;

/** A worker that outlived the coordinator which has started it: nobody here is told of its end, which is seen by looking. */
export function adoptWorker(launcher: Pick<Launcher, 'alive'>, worker: LaunchedWorker): StartedWorker {
  let timer!: NodeJS.Timeout;
  const ended = new Promise<WorkerEnd>((resolve) => {
    timer = setInterval(() => {
      if (launcher.alive(worker)) return;
      clearInterval(timer);
      resolve({ ending: 'lost', reason: 'ended' });
    }, lookEveryMs);
  });
  return { worker, ended, leave: () => clearInterval(timer) };
}
