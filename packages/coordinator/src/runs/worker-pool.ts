// The worker processes of one run: started here or taken over from a coordinator that died, replaced when they end,
// logged to a file each, and stopped together.
import { CalmError, type Role } from '@calm-orch/core';
import type { RunWorker, WorkerEnd } from '@calm-orch/tracker';
import { adoptWorker, lastLineOf, startWorker, type WorkerProcess } from './worker-process.ts';

export interface WorkerSlot {
  readonly role: Role;
  /** 0-based among the workers of the role. */
  readonly index: number;
}

export interface WorkerPoolOptions {
  readonly slots: readonly WorkerSlot[];
  /** Living processes of the coordinator before: each keeps its slot, or ends where there is none. */
  readonly adopted?: readonly RunWorker[];
  /** The program; it is called with role and index. */
  readonly script: string;
  readonly environment: (slot: WorkerSlot) => NodeJS.ProcessEnv;
  readonly logFile: (slot: WorkerSlot) => string;
  readonly onStart: (slot: WorkerSlot, pid: number) => void;
  readonly onExit: (pid: number, end: WorkerEnd) => void;
  /** A worker cannot be started at all, or its end not be dealt with. */
  readonly onBroken: (error: unknown) => void;
}

/** A worker that ends sooner than this, so often in a row, will not do better the next time. */
const shortLifeMs = 3000;
const maxShortLives = 5;

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #processes = new Map<WorkerSlot, WorkerProcess>();
  /** Adopted processes there is no slot for; they were asked to end. */
  readonly #dismissed = new Set<WorkerProcess>();
  /** Killed by this pool. */
  readonly #replaced = new Set<WorkerProcess>();
  #stopping = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** @throws CalmError `io`; what was started by then is the pool's to close. */
  start(): void {
    const { slots, adopted = [] } = this.#options;
    for (const worker of adopted) {
      const slot = slots.find(({ role, index }) => role === worker.role && index === worker.index);
      const process = adoptWorker(worker);
      if (slot !== undefined && !this.#processes.has(slot)) this.#attach(slot, process, 0);
      else this.#dismiss(process);
    }
    for (const slot of slots) if (!this.#processes.has(slot)) this.#start(slot, 0);
  }

  /** Every slot and its process, null between two. */
  get processes(): readonly { readonly slot: WorkerSlot; readonly pid: number | null }[] {
    return this.#options.slots.map((slot) => ({ slot, pid: this.#processes.get(slot)?.pid ?? null }));
  }

  /** Whether the process is one of this pool. */
  has(pid: number): boolean {
    return this.#all().some((process) => process.pid === pid);
  }

  /** Ends one process at once; another takes its place. */
  kill(pid: number): void {
    for (const process of this.#all()) {
      if (process.pid !== pid) continue;
      this.#replaced.add(process);
      process.kill('SIGKILL');
    }
  }

  /** Asks all to stop; after `graceMs` kills those that have not. */
  async close(graceMs: number): Promise<void> {
    this.#stopping = true;
    const processes = this.#all();
    for (const process of processes) process.kill('SIGTERM');
    const force = setTimeout(() => this.killAll(), graceMs);
    await Promise.all(processes.map(({ ended }) => ended));
    clearTimeout(force);
  }

  killAll(): void {
    this.#stopping = true;
    for (const process of this.#all()) process.kill('SIGKILL');
  }

  /** Another coordinator has them. */
  leave(): void {
    this.#stopping = true;
    for (const process of this.#all()) process.leave();
  }

  #all(): WorkerProcess[] {
    return [...this.#processes.values(), ...this.#dismissed];
  }

  #start(slot: WorkerSlot, shortLives: number): void {
    const { script, environment, logFile, onStart } = this.#options;
    const env = { ...process.env, ...environment(slot) };
    const started = startWorker([script, slot.role, String(slot.index)], env, logFile(slot));
    if (started.pid !== undefined) onStart(slot, started.pid);
    this.#attach(slot, started, shortLives);
  }

  #attach(slot: WorkerSlot, process: WorkerProcess, shortLives: number): void {
    const { logFile, onExit, onBroken } = this.#options;
    const startedMs = performance.now();
    this.#processes.set(slot, process);
    process.ended
      .then((end) => {
        this.#processes.delete(slot);
        if (process.pid !== undefined) onExit(process.pid, this.#told(process, end));
        if (this.#stopping) return;
        const lived = performance.now() - startedMs;
        const short = lived < shortLifeMs ? shortLives + 1 : 0;
        if (short < maxShortLives) this.#start(slot, short);
        else onBroken(broken(slot, end.reason, logFile(slot)));
      })
      .catch(onBroken);
  }

  /** What the pool did itself it knows better; of a process that is nobody's child here that is all that can be known. */
  #told(process: WorkerProcess, { ending, reason }: WorkerEnd): WorkerEnd {
    if (this.#replaced.delete(process)) return { ending: 'replaced', reason };
    const wasAsked = this.#stopping || this.#dismissed.has(process);
    return { ending: wasAsked && ending === 'lost' ? 'finished' : ending, reason };
  }

  #dismiss(process: WorkerProcess): void {
    this.#dismissed.add(process);
    process.kill('SIGTERM');
    const { onExit, onBroken } = this.#options;
    process.ended
      .then((end) => {
        if (process.pid !== undefined) onExit(process.pid, this.#told(process, end));
        this.#dismissed.delete(process);
      })
      .catch(onBroken);
  }
}

function broken({ role, index }: WorkerSlot, how: string, logFile: string): CalmError {
  const often = `${maxShortLives} times right after its start`;
  return new CalmError('internal', `${role} ${index} ${how}, ${often}: ${lastLineOf(logFile)}`);
}
