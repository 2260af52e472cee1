// The coordinator of one run: gives items to workers for a limited time, takes results and failures, completes stages.
// It decides in memory and records every decision in the tracker first, so that a coordinator killed at any moment
// loses nothing that a worker was told is done. It knows workers by what they say (gRPC) and by their processes' ends.
import {
  assertNever,
  CalmError,
  canonicalJson,
  type Role,
  type Roster,
  type StageProgress,
  type StageResult,
  type WorkerFacts,
} from '@calm-orch/core';
import type { WorkItem } from '@calm-orch/rpc';
import type { AttemptRecord, WorkerEnd } from '@calm-orch/tracker';
import { adoptOutput, discardOutput, discardOutputs, handOnOutput, outputOf } from '../artifacts/adoption.ts';
import { removeLeftovers } from '../artifacts/artifact.ts';
import { fits, misfit } from './engines.ts';
import { createForeignStages, type ForeignStages } from './foreign-stages.ts';
import { LeaseBook } from './lease-book.ts';
import { logBytes } from './log-bytes.ts';
import { deferred } from '../runs/deferred.ts';
import { emptyGang, rosterFor } from '../gangs/gang.ts';
import { createGangs, type Gangs } from '../gangs/gangs.ts';
import { checkStaging, createPublisher, type Publisher } from '../artifacts/publisher.ts';
import type {
  CoordinatorEvent,
  CoordinatorOptions,
  Directive,
  FailureKind,
  KnownStages,
  LeaseRecord,
  Survivors,
  WorkerRecord,
} from './records.ts';
import { createOffers, type Offers } from './offers.ts';
import { dependantsOf } from './schedule.ts';
import { doneShare, requeue, stageRecord, take, type StageRecord } from './stage-progress.ts';
import { createSharedCommits, type SharedCommits } from '../runs/shared-commits.ts';
import { takeReport } from './take-report.ts';
import { createWaiters } from './waiters.ts';
import { workItem } from './work-item.ts';

/** An idle worker's call may wait so long. */
const longestWaitMs = 5000;

export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly stages: readonly StageRecord[];
  readonly #stages: ReadonlyMap<string, StageRecord>;
  readonly #offers: Offers;
  /** To be read by others; what changes a lease goes through the coordinator, which records it. */
  readonly book: LeaseBook;
  readonly #foreign: ForeignStages;
  readonly #gangs: Gangs;
  readonly #waiters = createWaiters();
  /** Until waiting calls are looked at: once all of what has changed is done. */
  #isTelling = false;
  readonly #end = deferred<void>();
  readonly #publisher: Publisher;
  readonly #share: SharedCommits;
  #stopping = false;

  constructor(options: CoordinatorOptions, { reused, foreign = new Set() }: KnownStages) {
    this.#options = options;
    this.book = new LeaseBook(options.now);
    this.stages = options.plan.stages.map((stage) => stageRecord(stage, reused.has(stage.key)));
    this.#stages = new Map(this.stages.map((stage) => [stage.key, stage]));
    const others = this.stages.filter(({ key }) => foreign.has(key));
    this.#foreign = createForeignStages(options, others, {
      onClaimed: (stage) => {
        this.#queue(stage);
        this.#wake();
      },
      onMade: (stage) => {
        this.#say('stage succeeded', stage, 'by another run');
        this.#wake();
      },
    });
    this.#gangs = createGangs(options, () => this.#wake());
    this.#publisher = createPublisher(options, {
      onDone: (stage, message) => this.#say('stage succeeded', stage, message),
      onError: (error) => this.abandon(error),
      onIdle: () => this.#wake(),
    });
    this.#share = createSharedCommits(options.tracker);
    const { book, stages } = this;
    this.#offers = createOffers(options, { stages, book, underWay: this.#publisher.underWay });
    // Nobody may be waiting when it is rejected.
    this.#end.promise.catch(() => {});
  }

  /** Settled when nothing is left to do; rejected when the run cannot go on (disk full, run folder taken over). */
  get ended(): Promise<void> {
    return this.#end.promise;
  }

  /** Keys of stages that another run is to make. */
  get foreign(): ReadonlySet<string> {
    return this.#foreign.keys;
  }

  /** Takes over from a coordinator that died: workers keep what they hold, gangs their rosters. Before `start`. */
  restore({ workers, attempts, ended }: Survivors): void {
    this.book.noteEnded(ended);
    for (const { role, index, instance, engine } of workers)
      this.#enter({ role, index, instance, engine, ownFolder: false });
    for (const { stageKey, item, token, attempt, instance } of attempts) {
      const stage = this.#stages.get(stageKey)!;
      this.#hold(stage, item, this.book.worker(instance!), { token, attempt });
      stage.startedMs ??= this.#options.now();
    }
    for (const stage of new Set(this.book.leases.map((lease) => lease.stage)))
      this.#gangs.restore(stage, this.book.of(stage));
  }

  /** Queues what is left of every stage; completes stages whose items were all finished by an earlier session. */
  start(): void {
    for (const stage of this.#stages.values()) {
      if (stage.reused) removeLeftovers(this.#options.layout, stage.key);
      else if (!this.foreign.has(stage.key)) this.#queue(stage);
    }
    this.#wake();
  }

  /** Looks after stages of other runs: those made meanwhile are used, those given up are taken over. */
  claimForeign(): void {
    if (!this.#stopping) this.#foreign.look();
  }

  #queue(stage: StageRecord): void {
    const left = this.#options.tracker.unfinishedItems(stage.key);
    stage.numDone = stage.numItems - left.length;
    if (!stage.isShared) stage.before = doneShare(stage);
    stage.queued = left.filter((item) => !stage.leased.has(item));
    checkStaging(this.#options.layout, stage);
    discardOutputs(this.#options.layout, stage.key, new Set(this.book.of(stage).map(({ work }) => work.token)));
    if (left.length === 0) this.#publisher.finish(stage);
  }

  register(role: Role, index: number, instance: string, facts?: WorkerFacts): void {
    const { tracker, runId } = this.#options;
    if (facts !== undefined && !this.book.isRegistered(instance)) tracker.registerWorker(runId, instance, facts);
    const engine = facts === undefined ? null : canonicalJson(facts.engine);
    this.#enter({ role, index, instance, engine, ownFolder: facts?.ownFolder ?? false });
  }

  #enter(said: Omit<WorkerRecord, 'asks' | 'gpu' | 'lease' | 'seenMs'>): void {
    const worker = { ...said, gpu: this.#options.gpuInTurns?.(said.role, said.index) ?? null };
    if (!this.book.register(worker)) return;
    const why = misfit(worker, this.stages);
    if (why === null) return;
    const label = `${worker.role} ${worker.index}`;
    this.#options.tracker.note(this.#options.runId, `${label}: ${why}`);
    this.#say('note', { label }, why);
  }

  /** Whether for each stage of the role that is to be done a worker is there that may compute it. */
  hasWorker(role: Role): boolean {
    const workers = this.book.workers.filter((worker) => worker.role === role);
    const toDo = this.stages.filter((stage) => stage.role === role && stage.state === 'waiting');
    return workers.length > 0 && toDo.every((stage) => workers.some((worker) => fits(worker, stage)));
  }

  /** An item for the worker, as soon as there is one within `waitMs`; a worker that holds a lease gets that again. */
  lease(instance: string, waitMs: number, signal: AbortSignal): Promise<WorkItem | 'stop' | null> {
    const worker = this.book.worker(instance);
    if (worker.lease === null && !worker.asks) {
      worker.asks = true;
      // Who waits for its GPU may have it now.
      if (worker.gpu !== null) this.#wake();
    }
    return this.#waiters.wait(() => this.#leaseNow(worker), waitMs, signal);
  }

  /** undefined: there is nothing yet. */
  #leaseNow(worker: WorkerRecord): WorkItem | 'stop' | null | undefined {
    const { instance, lease } = worker;
    if (!this.book.isRegistered(instance)) return null;
    if (this.#stopping || !(this.#options.isOwn?.(instance) ?? true)) return 'stop';
    return (lease ?? this.#grant(worker))?.work;
  }

  /** The roster of the lease's stage, as soon as there is a newer one than `generation`; null: not within `waitMs`. */
  async join(
    { token, address, generation }: { readonly token: string; readonly address: string; readonly generation: number },
    waitMs: number,
    signal: AbortSignal,
  ): Promise<Roster | null> {
    const lease = this.book.live(token);
    if (lease === null) return rosterFor(emptyGang(0), null, generation);
    const gang = this.#gangs.of(lease.stage);
    this.#gangs.join(lease, address);
    const newer = (): Roster | undefined => {
      const current = this.book.find(token);
      return current === null || gang.generation > generation ? rosterFor(gang, current, generation) : undefined;
    };
    return this.#waiters.wait(newer, waitMs, signal);
  }

  heartbeat(instance: string, token: string): Directive {
    this.book.worker(instance);
    const lease = this.book.find(token);
    if (lease === null) return 'drop';
    lease.renewedMs = this.#options.now();
    return this.#stopping ? 'stop' : 'continue';
  }

  report(token: string, sequence: number, points: readonly StageProgress[], notes: readonly string[] = []): void {
    const lease = this.book.live(token);
    if (lease === null || sequence <= lease.sequence) return;
    try {
      if (points.length > 0) takeReport(this.#options, lease, sequence, points, this.book.of(lease.stage).length === 1);
    } catch (error) {
      // What it computes can no longer be right.
      if (error instanceof CalmError && error.code === 'invalid_argument') this.fail(token, 'raised', error.message);
      throw error;
    }
    for (const note of notes) {
      const { runId, tracker } = this.#options;
      tracker.note(runId, note, lease.stage.key);
      this.#say('note', lease.stage, note);
    }
    lease.sequence = sequence;
    lease.renewedMs = this.#options.now();
  }

  complete(token: string, result: StageResult): void {
    const lease = this.#complete(token, result);
    if (lease !== null) this.#discardOutput(lease);
  }

  /** The lease that has ended so; its output folder is left. null: it had ended before. */
  #complete(token: string, result: StageResult): LeaseRecord | null {
    const lease = this.book.live(token);
    if (lease === null) return null;
    const { tracker, layout } = this.#options;
    const { stage, work, worker } = lease;
    const output = outputOf(layout, stage.key, token);
    if (worker.engine !== null && output === null) {
      const what = `what ${worker.role} ${worker.index} has written is not in ${work.outputDir}`;
      this.fail(token, 'raised', `${what}: does it see this run folder?`);
      return null;
    }
    tracker.finishItem(token, result, () => adoptOutput(layout, stage.key, token, output));
    this.#endLease(lease);
    for (const other of this.book.of(stage, work.item))
      this.#release(other, `${lease.worker.role} ${lease.worker.index} finished the stage`);
    stage.leased.delete(work.item);
    stage.progress.delete(work.item);
    stage.numDone++;
    if (stage.numDone === stage.numItems) this.#publisher.finish(stage);
    this.#wake();
    return lease;
  }

  /** Completes, and gives the worker what is there for it by now: one transaction for both. null: it has to ask. */
  async completeAndLease(token: string, result: StageResult, instance: string): Promise<WorkItem | null> {
    const { ended, next } = await this.#share(() => {
      const ended = this.#complete(token, result);
      const next = this.book.isRegistered(instance) ? this.#leaseNow(this.book.worker(instance)) : null;
      return { ended, next: next === 'stop' ? null : (next ?? null) };
    });
    if (ended === null) return next;
    const { layout } = this.#options;
    const { stage, worker, work } = ended;
    const isHandedOn =
      next !== null &&
      !worker.ownFolder &&
      handOnOutput(layout, { key: stage.key, token: work.token }, { key: next.stage.key, token: next.token });
    if (!isHandedOn) this.#discardOutput(ended);
    return next;
  }

  /** `stack`: where its code raised. */
  fail(token: string, kind: FailureKind, reason: string, stack?: string): void {
    const lease = this.book.live(token);
    if (lease === null) return;
    const { tracker, policy } = this.#options;
    const { stage, work } = lease;
    switch (kind) {
      case 'raised':
      case 'refused': {
        const { failures } = tracker.failAttempt(token, reason, stack);
        this.#drop(lease);
        this.#say('attempt failed', stage, `item ${work.item}: ${reason}`);
        if (kind === 'refused') this.#failStage(stage, reason);
        else if (failures >= policy.maxFailures)
          this.#failStage(stage, `item ${work.item} failed ${failures} times: ${reason}`);
        break;
      }
      case 'lost': {
        const before = stage.firstSteps.get(work.item) ?? 0;
        const progressed = (lease.firstStep ?? 0) > before;
        const { lostInARow } = tracker.loseAttempt(token, reason, { progressed, stack });
        stage.firstSteps.set(work.item, Math.max(before, lease.firstStep ?? 0));
        this.#drop(lease);
        this.#say('attempt lost', stage, `item ${work.item}: ${reason}`);
        if (lostInARow >= policy.maxLostInARow)
          this.#failStage(stage, `item ${work.item} lost its worker ${lostInARow} times without progress: ${reason}`);
        break;
      }
      case 'cancelled':
        tracker.cancelAttempt(token, reason);
        this.#drop(lease);
        break;
      default:
        assertNever(kind);
    }
    // The rest of a gang goes on without it.
    if (this.book.of(stage, work.item).length === 0) requeue(stage, work.item);
    this.#wake();
  }

  /** A worker's process has ended: its lease goes to another at once. */
  workerExited(instance: string, end: WorkerEnd): void {
    const lease = this.book.forget(instance)?.lease ?? null;
    if (lease !== null) this.fail(lease.work.token, this.#stopping ? 'cancelled' : 'lost', `worker ${end.reason}`);
    this.#options.tracker.endWorker(this.#options.runId, instance, end);
    this.#wake();
  }

  /** A worker of another host may take part no longer: the trainers of all gangs are told, and give it nothing. */
  expel(instance: string, end: WorkerEnd): void {
    this.workerExited(instance, end);
    this.#gangs.tellAnew();
  }

  /** Workers of other hosts that may not take part, by name. */
  turnedOut(): string[] {
    return this.#options.tracker.revokedGuests(this.#options.runId);
  }

  /** Takes back leases that were not renewed; returns the workers to be replaced, idle ones that are silent among them. */
  expire(): string[] {
    const { leaseTtlMs } = this.#options.policy;
    const overdue = this.book.overdue(leaseTtlMs);
    for (const { work } of overdue) this.fail(work.token, 'lost', `no heartbeat for ${leaseTtlMs / 1000} s`);
    const silent = this.book.silent(leaseTtlMs + longestWaitMs);
    return [...overdue.map(({ worker }) => worker), ...silent].map(({ instance }) => instance);
  }

  /** From now on workers are told to stop and nothing is leased. */
  stop(): void {
    this.#stopping = true;
    this.#wake();
  }

  /** Once artifacts under way are complete and recorded. */
  settle(): Promise<void> {
    return this.#publisher.settle();
  }

  /** Ends the run with an error. */
  abandon(error: unknown): void {
    this.#end.reject(error);
  }

  #grant(worker: WorkerRecord): LeaseRecord | null {
    const { runId, tracker, now } = this.#options;
    const next = this.#offers.next(worker);
    if (next === null) return null;
    const stage = this.#stages.get(next.key)!;
    const { item } = next;
    const { role, index, instance } = worker;
    const joins = stage.leased.has(item);
    const logStart = logBytes(this.#options, worker);
    const started = tracker.startAttempt(runId, stage.key, item, `${role} ${index}`, { joins, instance, logStart });
    const lease = this.#hold(stage, item, worker, started);
    if (!joins) take(stage, item);
    if (stage.startedMs === null) {
      stage.startedMs = now();
      stage.since = { ms: now(), share: doneShare(stage) };
      this.#say('stage started', stage, `${role} ${index}`);
    }
    return lease;
  }

  #hold(
    stage: StageRecord,
    item: number,
    worker: WorkerRecord,
    attempt: Pick<AttemptRecord, 'token' | 'attempt'>,
  ): LeaseRecord {
    return this.book.hold(workItem(this.#options, stage, item, attempt), stage, worker);
  }

  /** Ends a gang member's attempt; the trainer hears of it with its next roster and asks for other work. */
  #release(lease: LeaseRecord, reason: string): void {
    this.#options.tracker.cancelAttempt(lease.work.token, reason);
    this.#drop(lease);
  }

  #drop(lease: LeaseRecord): void {
    this.#discardOutput(lease);
    this.#endLease(lease);
  }

  #discardOutput({ stage, work, worker }: LeaseRecord): void {
    discardOutput(this.#options.layout, stage.key, work.token, worker.ownFolder);
  }

  #endLease(lease: LeaseRecord): void {
    const logEnd = logBytes(this.#options, lease.worker);
    if (logEnd !== null) this.#options.tracker.endLog(lease.work.token, logEnd);
    this.book.drop(lease);
    this.#gangs.leave(lease);
  }

  #failStage(stage: StageRecord, reason: string): void {
    const { runId, tracker } = this.#options;
    tracker.failStage(runId, stage.key, reason);
    stage.state = 'failed';
    stage.error = reason;
    stage.queued = [];
    for (const lease of this.book.of(stage)) this.#drop(lease);
    for (const key of dependantsOf(stage.key, this.stages)) this.#stages.get(key)!.state = 'skipped';
    this.#say('stage failed', stage, reason);
  }

  /** What changes at once is looked at once, and never half-way. */
  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.#offers.lookAgain();
      this.#waiters.tell();
    });
  }

  #wake(): void {
    const leaving = this.#stopping ? null : this.#offers.toRelease();
    if (leaving !== null) this.#release(leaving, 'released for a stage that is ready');
    this.#tell();
    const open = this.stages.some(({ state }) => state === 'waiting');
    if (!open && this.#publisher.underWay.size === 0) this.#end.resolve();
  }

  #say(type: CoordinatorEvent['type'], { label }: Pick<StageRecord, 'label'>, message: string): void {
    this.#options.onEvent({ type, label, message });
  }
}
