// The workers of one run: started by its launcher or taken over from a coordinator that died, replaced when they end, and
// stopped together.
import { CalmError } from '@calm-orch/core';
import type { RunWorker, WorkerEnd } from '@calm-orch/tracker';
import { adoptWorker, type Launcher, type StartedWorker, type WorkerSlot } from '../launchers/launcher.ts';

export interface WorkerPoolOptions {
  readonly launcher: Launcher;
  readonly slots: readonly WorkerSlot[];
  /** Living workers of the coordinator before: each keeps its slot, or ends where there is none. */
  readonly adopted?: readonly RunWorker[];
  /** Variables that tell a worker how to reach this coordinator. */
  readonly call: NodeJS.ProcessEnv;
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
  readonly #workers = new Map<WorkerSlot, StartedWorker>();
  /** Adopted processes there is no slot for; they were asked to end. */
  readonly #dismissed = new Set<StartedWorker>();
  /** Killed by this pool. */
  readonly #replaced = new Set<StartedWorker>();
  #stopping = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** @throws CalmError `io`; what was started by then is the pool's to close. */
  start(): void {
    const { launcher, slots, adopted = [] } = this.#options;
    for (const worker of adopted) {
      const slot = slots.find(({ role, index }) => role === worker.role && index === worker.index);
      const started = adoptWorker(launcher, worker);
      if (slot !== undefined && !this.#workers.has(slot)) this.#attach(slot, started, 0);
      else this.#dismiss(started);
    }
    for (const slot of slots) if (!this.#workers.has(slot)) this.#start(slot, 0);
  }

  /** Every slot and its worker's process, null between two. */
  get processes(): readonly { readonly slot: WorkerSlot; readonly pid: number | null }[] {
    return this.#options.slots.map((slot) => ({ slot, pid: this.#workers.get(slot)?.worker?.pid ?? null }));
  }

  /** Whether the process is one of this pool. */
  has(pid: number): boolean {
    return this.#all().some(({ worker }) => worker?.pid === pid);
  }

  /** Ends one worker at once; another takes its place. */
  kill(pid: number): void {
    for (const started of this.#all()) {
      if (started.worker?.pid !== pid) continue;
      this.#replaced.add(started);
      this.#options.launcher.stop(started.worker, 'at once');
    }
  }

  /** Asks all to stop; after `graceMs` ends those that have not. */
  async close(graceMs: number): Promise<void> {
    const all = this.#stopAll('orderly');
    const force = setTimeout(() => this.killAll(), graceMs);
    await Promise.all(all.map(({ ended }) => ended));
    clearTimeout(force);
  }

  killAll(): void {
    this.#stopAll('at once');
  }

  /** Another coordinator has them. */
  leave(): void {
    this.#stopping = true;
    for (const started of this.#all()) started.leave();
  }

  #stopAll(how: 'orderly' | 'at once'): StartedWorker[] {
    this.#stopping = true;
    const all = this.#all();
    for (const { worker } of all) if (worker !== null) this.#options.launcher.stop(worker, how);
    return all;
  }

  #all(): StartedWorker[] {
    return [...this.#workers.values(), ...this.#dismissed];
  }

  #start(slot: WorkerSlot, shortLives: number): void {
    const { launcher, call, onStart } = this.#options;
    const started = launcher.start(slot, call);
    if (started.worker !== null) onStart(slot, started.worker.pid);
    this.#attach(slot, started, shortLives);
  }

  #attach(slot: WorkerSlot, started: StartedWorker, shortLives: number): void {
    const { launcher, onBroken } = this.#options;
    const startedMs = performance.now();
    this.#workers.set(slot, started);
    started.ended
      .then((end) => {
        this.#workers.delete(slot);
        this.#tell(started, end);
        if (this.#stopping) return;
        const lived = performance.now() - startedMs;
        const short = lived < shortLifeMs ? shortLives + 1 : 0;
        if (short < maxShortLives) this.#start(slot, short);
        else onBroken(broken(slot, end.reason, launcher.describe(slot)));
      })
      .catch(onBroken);
  }

  /** What the pool did itself it knows better; of a worker that is nobody's child here that is all that can be known. */
  #tell(started: StartedWorker, { ending, reason }: WorkerEnd): void {
    const wasReplaced = this.#replaced.delete(started);
    if (started.worker === null) return;
    const wasAsked = this.#stopping || this.#dismissed.has(started);
    const known = wasReplaced ? 'replaced' : wasAsked && ending === 'lost' ? 'finished' : ending;
    this.#options.onExit(started.worker.pid, { ending: known, reason });
  }

  #dismiss(started: StartedWorker): void {
    const { launcher, onBroken } = this.#options;
    this.#dismissed.add(started);
    if (started.worker !== null) launcher.stop(started.worker, 'orderly');
    started.ended
      .then((end) => {
        this.#tell(started, end);
        this.#dismissed.delete(started);
      })
      .catch(onBroken);
  }
}

function broken({ role, index }: WorkerSlot, how: string, words: string): CalmError {
  const often = `${maxShortLives} times right after its start`;
  return new CalmError('internal', `${role} ${index} ${how}, ${often}; it ${words}`);
}
