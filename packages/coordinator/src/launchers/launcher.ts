// How workers come to be: one file an engine. A launcher only makes workers appear, ends them, and says why one is not
// there. Whether a worker works is told by its calls: leases and heartbeats are the truth, and the end that a launcher sees
// only makes a lease free sooner than its time.
import type { Role } from '@calm-orch/core';
import type { WorkerEnd } from '@calm-orch/tracker';
import type { HostProcess } from './host-process.ts';

export interface WorkerSlot {
  readonly role: Role;
  /** 0-based among the workers of the role. */
  readonly index: number;
}

/** `trainer-0`. */
export const slotName = ({ role, index }: WorkerSlot): string => `${role}-${index}`;

export interface LaunchedEnd extends WorkerEnd {
  /** Another would fare no better. */
  readonly isHopeless?: boolean;
}

/** `orderly`: it may save a checkpoint before. `silent`: it is not heard of any more, and another is to take its place. */
export type StopHow = 'orderly' | 'at once' | 'silent';

export interface StartedWorker {
  /** null: none of this host, or it could not be started, or has ended at once; `ended` says why. */
  readonly process: HostProcess | null;
  /** Resolved once it has ended, or goes on as another. */
  readonly ended: Promise<LaunchedEnd>;
  /** Leaves it to another coordinator: it keeps this process from ending no longer. */
  leave(): void;
}

export interface Launcher {
  /** Its workers join as those of other hosts do, each with the token of its slot, and only then have a name. */
  readonly joins: boolean;
  /** Makes a worker appear, sooner or later. `call`: variables that tell it how to reach its coordinator. @throws CalmError `io` */
  start(slot: WorkerSlot, call: NodeJS.ProcessEnv): StartedWorker;
  /** Ends them, and nobody who has their numbers by now. */
  stop(workers: readonly StartedWorker[], how: StopHow): void;
  /** Whether the slot's worker is on its way, however long that takes. */
  isWaiting(slot: WorkerSlot): boolean;
  /** Goes on after a slot's name, for who waits for its worker: `last said: ...`. */
  describe(slot: WorkerSlot): string;
}
