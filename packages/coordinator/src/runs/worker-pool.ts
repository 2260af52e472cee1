// The workers of one run: started by its launcher or taken over from a coordinator that died, replaced when they end, and
// stopped together.
import { randomUUID } from 'node:crypto';
import { CalmError } from '@calm-orch/core';
import type { NewWorker, RunWorker, WorkerEnd } from '@calm-orch/tracker';
import { adoptWorker, type Launcher, type StartedWorker, type WorkerSlot } from '../launchers/launcher.ts';

export interface WorkerPoolOptions {
  readonly launcher: Launcher;
  readonly slots: readonly WorkerSlot[];
  /** Living workers of the coordinator before: each keeps its slot, or ends where there is none. */
  readonly adopted?: readonly RunWorker[];
  /** Variables that tell a worker how to reach this coordinator. */
  readonly call: NodeJS.ProcessEnv;
  readonly onStart: (worker: NewWorker) => void;
  readonly onExit: (instance: string, end: WorkerEnd) => void;
  /** A worker cannot be started at all, or its end not be dealt with. */
  readonly onBroken: (error: unknown) => void;
}

interface Member extends StartedWorker {
  /** Its name: what it says of itself and what is known of its end come together by it. */
  readonly instance: string;
}

/** A worker that ends sooner than this, so often in a row, will not do better the next time. */
const shortLifeMs = 3000;
const maxShortLives = 5;

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Map<WorkerSlot, Member>();
  /** Adopted processes there is no slot for; they were asked to end. */
  readonly #dismissed = new Set<Member>();
  /** Killed by this pool. */
  readonly #replaced = new Set<Member>();
  #stopping = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** @throws CalmError `io`; what was started by then is the pool's to close. */
  start(): void {
    const { launcher, slots, adopted = [] } = this.#options;
    for (const worker of adopted) {
      const slot = slots.find(({ role, index }) => role === worker.role && index === worker.index);
      const member = { ...adoptWorker(launcher, worker), instance: worker.instance };
      if (slot !== undefined && !this.#workers.has(slot)) this.#attach(slot, member, 0);
      else this.#dismiss(member);
    }
    for (const slot of slots) if (!this.#workers.has(slot)) this.#start(slot, 0);
  }

  /** Every slot and its worker, null between two. */
  get members(): readonly { readonly slot: WorkerSlot; readonly instance: string | null }[] {
    return this.#options.slots.map((slot) => ({ slot, instance: this.#workers.get(slot)?.instance ?? null }));
  }

  has(instance: string): boolean {
    return this.#all().some((member) => member.instance === instance);
  }

  /** Ends one worker at once; another takes its place. */
  kill(instance: string): void {
    for (const member of this.#all()) {
      if (member.instance !== instance || member.worker === null) continue;
      this.#replaced.add(member);
      this.#options.launcher.stop(member.worker, 'at once');
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
    for (const member of this.#all()) member.leave();
  }

  #stopAll(how: 'orderly' | 'at once'): Member[] {
    this.#stopping = true;
    const all = this.#all();
    for (const { worker } of all) if (worker !== null) this.#options.launcher.stop(worker, how);
    return all;
  }

  #all(): Member[] {
    return [...this.#workers.values(), ...this.#dismissed];
  }

  #start(slot: WorkerSlot, shortLives: number): void {
    const { launcher, call, onStart } = this.#options;
    const instance = randomUUID();
    const started = launcher.start(slot, { ...call, CALM_ORCH_INSTANCE: instance });
    if (started.worker !== null) onStart({ ...slot, instance, pid: started.worker.pid });
    this.#attach(slot, { ...started, instance }, shortLives);
  }

  #attach(slot: WorkerSlot, member: Member, shortLives: number): void {
    const { launcher, onBroken } = this.#options;
    const startedMs = performance.now();
    this.#workers.set(slot, member);
    member.ended
      .then((end) => {
        this.#workers.delete(slot);
        this.#tell(member, end);
        if (this.#stopping) return;
        const lived = performance.now() - startedMs;
        const short = lived < shortLifeMs ? shortLives + 1 : 0;
        if (short < maxShortLives) this.#start(slot, short);
        else onBroken(broken(slot, end.reason, launcher.describe(slot)));
      })
      .catch(onBroken);
  }

  /** What the pool did itself it knows better; of a worker that is nobody's child here that is all that can be known. */
  #tell(member: Member, { ending, reason }: WorkerEnd): void {
    const wasReplaced = this.#replaced.delete(member);
    const wasAsked = this.#stopping || this.#dismissed.has(member);
    const known = wasReplaced ? 'replaced' : wasAsked && ending === 'lost' ? 'finished' : ending;
    this.#options.onExit(member.instance, { ending: known, reason });
  }

  #dismiss(member: Member): void {
    const { launcher, onBroken } = this.#options;
    this.#dismissed.add(member);
    if (member.worker !== null) launcher.stop(member.worker, 'orderly');
    member.ended
      .then((end) => {
        this.#tell(member, end);
        this.#dismissed.delete(member);
      })
      .catch(onBroken);
  }
}

function broken({ role, index }: WorkerSlot, how: string, words: string): CalmError {
  const often = `${maxShortLives} times right after its start`;
  return new CalmError('internal', `${role} ${index} ${how}, ${often}; it ${words}`);
}
