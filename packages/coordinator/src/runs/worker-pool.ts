// The workers of one run: started by its launcher or taken over from a coordinator that died, replaced when they end, and
// stopped together.
import { randomUUID } from 'node:crypto';
import { CalmError } from '@calm-orch/core';
import type { NewWorker, RunWorker, WorkerEnd } from '@calm-orch/tracker';
import { setTimeout as sleep } from 'node:timers/promises';
import { adoptProcess } from '../launchers/host-process.ts';
import type { LaunchedEnd, Launcher, StartedWorker, WorkerSlot } from '../launchers/launcher.ts';

export interface WorkerPoolOptions {
  readonly launcher: Launcher;
  readonly slots: readonly WorkerSlot[];
  /** Living workers of the coordinator before: each keeps its slot, or ends where there is none. */
  readonly adopted?: readonly RunWorker[];
  /** Variables that tell a worker how to reach this coordinator. */
  readonly call: NodeJS.ProcessEnv;
  /** Whether a worker holds a lease. */
  readonly isBusy: (instance: string) => boolean;
  readonly onStart: (worker: NewWorker) => void;
  readonly onExit: (instance: string, end: WorkerEnd) => void;
  /** A worker cannot be started at all, or its end not be dealt with. */
  readonly onBroken: (error: unknown) => void;
}

interface Member {
  readonly worker: StartedWorker;
  /** Its name: what it says of itself and what is known of its end come together by it. null: it has not joined yet. */
  instance: string | null;
}

/** A worker that ends sooner than this, so often in a row, will not do better the next time. */
const shortLifeMs = 3000;
const maxShortLives = 5;
const lookEveryMs = 100;
/** Workers that need not save anything have ended so soon after they were told. */
const goodbyeMs = 1000;

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Map<WorkerSlot, Member>();
  /** Adopted processes there is no slot for; they were asked to end. */
  readonly #dismissed = new Set<Member>();
  /** Killed by this pool. */
  readonly #replaced = new Set<Member>();
  /** Of workers that joined for a slot and left it: what is left of them has no place any more. */
  readonly #unseated = new Set<string>();
  #stopping = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** @throws CalmError `io`; what was started by then is the pool's to close. */
  start(): void {
    const { slots, adopted = [] } = this.#options;
    for (const worker of adopted) {
      const slot = slots.find(({ role, index }) => role === worker.role && index === worker.index);
      const member = { worker: adoptProcess(worker), instance: worker.instance };
      if (slot !== undefined && !this.#workers.has(slot)) this.#attach(slot, member, 0);
      else this.#dismiss(member);
    }
    for (const slot of slots) if (!this.#workers.has(slot)) this.#start(slot, 0);
  }

  get slots(): readonly WorkerSlot[] {
    return this.#options.slots;
  }

  /** Every slot and its worker, null between two. */
  get members(): readonly { readonly slot: WorkerSlot; readonly instance: string | null }[] {
    return this.#options.slots.map((slot) => ({ slot, instance: this.#workers.get(slot)?.instance ?? null }));
  }

  has(instance: string): boolean {
    return this.#all().some((member) => member.instance === instance);
  }

  /** A worker that joined for a slot is its worker now; the one before has gone. False: it has no place here (any more). */
  seat({ role, index }: WorkerSlot, instance: string): boolean {
    const slot = this.#options.slots.find((each) => each.role === role && each.index === index);
    const member = slot && this.#workers.get(slot);
    if (member === undefined || !this.#options.launcher.joins || this.#unseated.has(instance)) return false;
    if (member.instance !== null && member.instance !== instance)
      this.#unseat(member.instance, { ending: 'lost', reason: 'ended: its place was taken by the next' });
    member.instance = instance;
    return true;
  }

  #unseat(instance: string, end: WorkerEnd): void {
    if (this.#options.launcher.joins) this.#unseated.add(instance);
    this.#options.onExit(instance, end);
  }

  /** Ends one worker at once; another takes its place. */
  kill(instance: string): void {
    for (const member of this.#all()) {
      if (member.instance !== instance) continue;
      this.#replaced.add(member);
      this.#options.launcher.stop([member.worker], 'silent');
    }
  }

  /** Asks all to stop; after `graceMs` ends those that have not. */
  async close(graceMs: number): Promise<void> {
    const until = performance.now() + graceMs;
    this.#stopping = true;
    // These hear of it from the coordinator, and who still waits in a queue need not begin.
    if (this.#options.launcher.joins) {
      while (this.#isBusy() && performance.now() < until) await sleep(lookEveryMs);
      await sleep(goodbyeMs);
    }
    const all = this.#stopAll('orderly');
    const force = setTimeout(() => this.killAll(), until - performance.now());
    await Promise.all(all.map(({ worker }) => worker.ended));
    clearTimeout(force);
  }

  #isBusy(): boolean {
    return this.#all().some(({ instance }) => instance !== null && this.#options.isBusy(instance));
  }

  killAll(): void {
    this.#stopAll('at once');
  }

  /** Another coordinator has them. */
  leave(): void {
    this.#stopping = true;
    for (const { worker } of this.#all()) worker.leave();
  }

  #stopAll(how: 'orderly' | 'at once'): Member[] {
    this.#stopping = true;
    const all = this.#all();
    const workers = all.map(({ worker }) => worker);
    // A cluster keeps what has started them, also where all have ended.
    const { launcher } = this.#options;
    if (workers.length > 0 || launcher.joins) launcher.stop(workers, how);
    return all;
  }

  #all(): Member[] {
    return [...this.#workers.values(), ...this.#dismissed];
  }

  #start(slot: WorkerSlot, shortLives: number): void {
    const { launcher, call, onStart } = this.#options;
    const instance = randomUUID();
    const worker = launcher.start(slot, { ...call, CALM_ORCH_INSTANCE: instance });
    if (launcher.joins) return this.#attach(slot, { worker, instance: null }, shortLives);
    if (worker.process !== null) onStart({ ...slot, instance, pid: worker.process.pid });
    this.#attach(slot, { worker, instance }, shortLives);
  }

  #attach(slot: WorkerSlot, member: Member, shortLives: number): void {
    const { launcher, onBroken } = this.#options;
    const startedMs = performance.now();
    this.#workers.set(slot, member);
    member.worker.ended
      .then((end) => {
        this.#workers.delete(slot);
        this.#tell(member, end);
        if (this.#stopping) return;
        const lived = performance.now() - startedMs;
        // Of a life that began in a queue the clock tells nothing.
        const isShort = launcher.joins ? member.instance === null && end.ending !== 'killed' : lived < shortLifeMs;
        const short = isShort ? shortLives + 1 : 0;
        if (end.isHopeless === true) onBroken(new CalmError('unavailable', `${nameOf(slot)} ${end.reason}`));
        else if (short < maxShortLives) this.#start(slot, short);
        else onBroken(broken(slot, end.reason, launcher.describe(slot)));
      })
      .catch(onBroken);
  }

  /** What the pool did itself it knows better; of a worker that is nobody's child here that is all that can be known. */
  #tell(member: Member, { ending, reason }: LaunchedEnd): void {
    const wasReplaced = this.#replaced.delete(member);
    const wasAsked = this.#stopping || this.#dismissed.has(member);
    const known = wasReplaced ? 'replaced' : wasAsked && ending === 'lost' ? 'finished' : ending;
    if (member.instance !== null) this.#unseat(member.instance, { ending: known, reason });
  }

  #dismiss(member: Member): void {
    const { launcher, onBroken } = this.#options;
    this.#dismissed.add(member);
    launcher.stop([member.worker], 'orderly');
    member.worker.ended
      .then((end) => {
        this.#tell(member, end);
        this.#dismissed.delete(member);
      })
      .catch(onBroken);
  }
}

const nameOf = ({ role, index }: WorkerSlot): string => `${role} ${index}`;

function broken(slot: WorkerSlot, how: string, words: string): CalmError {
  const often = `${maxShortLives} times right after its start`;
  return new CalmError('internal', `${nameOf(slot)} ${how}, ${often}; it ${words}`);
}
