// Which workers there are and what each of them holds, in memory. It decides and records nothing.
import { CalmError } from '@calm-orch/core';
import type { WorkItem } from '@calm-orch/rpc';
import type { LeaseRecord, WorkerRecord } from './records.ts';
import type { StageRecord } from './stage-progress.ts';

export class LeaseBook {
  readonly #workers = new Map<string, WorkerRecord>();
  readonly #leases = new Map<string, LeaseRecord>();
  /** By stage and item. */
  readonly #byItem = new Map<StageRecord, Map<number, LeaseRecord[]>>();
  /** Tokens of attempts that are over: a call repeated for one of them is answered, and changes nothing. */
  readonly #ended = new Set<string>();
  readonly #now: () => number;

  /** `now`: monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get workers(): readonly WorkerRecord[] {
    return [...this.#workers.values()];
  }

  get leases(): readonly LeaseRecord[] {
    return [...this.#leases.values()];
  }

  /** Whether the worker is new. */
  register(worker: Omit<WorkerRecord, 'asks' | 'lease' | 'seenMs'>): boolean {
    if (this.#workers.has(worker.instance)) return false;
    this.#workers.set(worker.instance, { ...worker, asks: false, lease: null, seenMs: this.#now() });
    return true;
  }

  isRegistered(instance: string): boolean {
    return this.#workers.has(instance);
  }

  /** The worker, which has been heard of now. @throws CalmError `lease_lost` where it is not registered. */
  worker(instance: string): WorkerRecord {
    const worker = this.#workers.get(instance);
    if (worker === undefined)
      throw new CalmError('lease_lost', 'this worker is not registered with the run (any more)');
    worker.seenMs = this.#now();
    return worker;
  }

  /** Who it was; undefined: nobody. */
  forget(instance: string): WorkerRecord | undefined {
    const worker = this.#workers.get(instance);
    this.#workers.delete(instance);
    return worker;
  }

  hold(work: WorkItem, stage: StageRecord, worker: WorkerRecord): LeaseRecord {
    const now = this.#now();
    const lease: LeaseRecord = {
      work,
      stage,
      worker,
      startedMs: now,
      reported: null,
      renewedMs: now,
      sequence: 0,
      firstStep: null,
      address: null,
    };
    worker.lease = lease;
    worker.asks = false;
    stage.leased.add(work.item);
    this.#leases.set(work.token, lease);
    const ofStage = this.#byItem.get(stage) ?? new Map<number, LeaseRecord[]>();
    this.#byItem.set(stage, ofStage.set(work.item, [...this.of(stage, work.item), lease]));
    return lease;
  }

  /** The attempt is over. */
  drop(lease: LeaseRecord): void {
    const { work, worker, stage, startedMs } = lease;
    stage.busyMs += this.#now() - startedMs;
    this.#leases.delete(work.token);
    const ofStage = this.#byItem.get(stage);
    const left = this.of(stage, work.item).filter((other) => other !== lease);
    if (left.length > 0) ofStage?.set(work.item, left);
    else ofStage?.delete(work.item);
    if (ofStage?.size === 0) this.#byItem.delete(stage);
    this.#ended.add(work.token);
    worker.lease = null;
  }

  /** Attempts that were over before. */
  noteEnded(tokens: readonly string[]): void {
    for (const token of tokens) this.#ended.add(token);
  }

  find(token: string): LeaseRecord | null {
    return this.#leases.get(token) ?? null;
  }

  /** Null for an attempt that is over. @throws CalmError `lease_lost` for one there has never been. */
  live(token: string): LeaseRecord | null {
    const lease = this.find(token);
    if (lease === null && !this.#ended.has(token)) throw new CalmError('lease_lost', 'no such lease in this run');
    return lease;
  }

  /** Of one item of a stage, or of all. */
  of(stage: StageRecord, item?: number): LeaseRecord[] {
    const ofStage = this.#byItem.get(stage);
    return item === undefined ? [...(ofStage?.values() ?? [])].flat() : [...(ofStage?.get(item) ?? [])];
  }

  /** The leases of each stage that several trainers may share. */
  get shared(): LeaseRecord[][] {
    return [...this.#byItem.keys()].filter(({ isShared }) => isShared).map((stage) => this.of(stage));
  }

  overdue(ttlMs: number): LeaseRecord[] {
    return this.leases.filter(({ renewedMs }) => this.#now() - renewedMs > ttlMs);
  }

  /** Workers that hold nothing and have said nothing for so long. */
  silent(ms: number): WorkerRecord[] {
    return this.workers.filter(({ lease, seenMs }) => lease === null && this.#now() - seenMs > ms);
  }

  /** This process itself stood still for `ms`: nobody is late on account of that. */
  forgive(ms: number): void {
    for (const lease of this.#leases.values()) lease.renewedMs += ms;
    for (const worker of this.#workers.values()) worker.seenMs += ms;
  }
}
