// Workers as indexes of Kubernetes' Jobs. The Jobs themselves replace pods that are evicted, deleted or fail; a slot whose Job
// starts no worker any more gets another Job. What counts is a list of the run's Jobs and pods, by label: the next coordinator
// finds there what the one before has started. A watch only rings for the next list. While the server does not answer nothing
// is concluded.
import { roles, toCalmError, type CalmError, type Role } from '@calm-orch/core';
import {
  slotName,
  type LaunchedEnd,
  type Launcher,
  type StartedWorker,
  type StopHow,
  type WorkerSlot,
} from '../launcher.ts';
import { createTrouble, type Trouble } from '../trouble.ts';
import { statusOf } from './api.ts';
import { annotations, specOf, type KubeOptions, type RoleJob } from './manifests.ts';
import {
  endOf,
  hasEnded,
  indexOf,
  isOver,
  isRunning,
  jobNameOf,
  lastLine,
  numberOf,
  roleOf,
  slotsOf,
  stateOf,
  summaryOf,
  type Job,
  type Pod,
} from './objects.ts';
import type { Orders } from './orders.ts';

export interface KubernetesLauncherOptions {
  readonly orders: Orders;
  readonly options: KubeOptions;
  /** Hash of the code and engine of the workers: Jobs of another version are replaced. */
  readonly version: string;
  /** What lets the worker of a slot join. */
  readonly tokenOf: (slot: WorkerSlot) => string;
  readonly onNote: (message: string) => void;
  /** Between two lists at least, and while nothing rings. @default 1 and 15 s */
  readonly leastMs?: number;
  readonly pollMs?: number;
}

/** A slot from its start to its end. */
interface Seat {
  readonly slot: WorkerSlot;
  readonly worker: StartedWorker;
  readonly resolve: (end: LaunchedEnd) => void;
  /** The Job and index that start its workers; null: to be made. */
  at: { readonly job: string; readonly index: number } | null;
  /** Its pod, as it was seen last. */
  pod: Pod | null;
}

/** So many at once become one Job. */
const gatherMs = 100;
const longestMs = 60_000;
const shortWatchMs = 5000;
const deleteTries = 3;
/** What the server has done before and now refuses may be one too many for the moment. */
const maxRefusals = 10;

export class KubernetesLauncher implements Launcher {
  readonly joins = true;
  readonly #options: KubernetesLauncherOptions;
  readonly #trouble: Trouble;
  readonly #seats = new Map<string, Seat>();
  /** Pods whose end has been told. */
  readonly #told = new Set<string>();
  /** Pods whose workers fell silent, being deleted. */
  readonly #silent = new Set<string>();
  readonly #lastWords = new Map<string, string>();
  readonly #numbers = new Map<Role, number>();
  #watching = new AbortController();
  #isWatching = false;
  #timer: NodeJS.Timeout | null = null;
  #isAtWork = false;
  #isClosing = false;
  #listedMs = -Infinity;
  #waitMs = 0;
  /** The server has done all that was asked, once. */
  #hasWorked = false;
  /** In a row. */
  #failures = 0;
  #summary = '';

  constructor(options: KubernetesLauncherOptions) {
    this.#options = options;
    this.#trouble = createTrouble(options.onNote, 'the server answers again');
  }

  start(slot: WorkerSlot): StartedWorker {
    let resolve!: Seat['resolve'];
    const ended = new Promise<LaunchedEnd>((settle) => (resolve = settle));
    const name = slotName(slot);
    const leave = (): void => {
      this.#seats.delete(name);
      // What is found from now on is another coordinator's.
      this.#close();
    };
    const worker: StartedWorker = { process: null, ended, leave };
    this.#seats.set(name, { slot, worker, resolve, at: null, pod: null });
    this.#isClosing = false;
    if (this.#watching.signal.aborted) this.#watching = new AbortController();
    this.#plan();
    return worker;
  }

  stop(workers: readonly StartedWorker[], how: StopHow): void {
    const seats = [...this.#seats.values()].filter(({ worker }) => workers.includes(worker));
    if (how === 'silent') {
      for (const seat of seats) {
        if (seat.pod !== null) this.#silent.add(seat.pod.metadata.uid);
        this.#end(seat, { ending: 'killed', reason: 'was not heard of any more' });
      }
      this.#waitMs = 0;
      return this.#plan();
    }
    this.#close();
    const over = (): void => {
      for (const seat of seats) this.#end(seat, { ending: 'lost', reason: 'was deleted with its run' });
    };
    this.#deleteAll(deleteTries).then(over, over);
  }

  isWaiting(slot: WorkerSlot): boolean {
    const pod = this.#seats.get(slotName(slot))?.pod ?? null;
    return this.#seats.has(slotName(slot)) && (pod === null || !isRunning(pod));
  }

  describe(slot: WorkerSlot): string {
    const { at = null, pod = null } = this.#seats.get(slotName(slot)) ?? {};
    const problem = this.#trouble.problem === null ? '' : ` (${this.#trouble.problem})`;
    const words = pod !== null ? stateOf(pod) : at === null ? 'not asked for yet' : `to come from Job ${at.job}`;
    return `is ${words}${problem}; it last said: ${this.#lastWords.get(slotName(slot)) ?? 'nothing'}`;
  }

  #close(): void {
    this.#isClosing = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#watching.abort();
  }

  #plan(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#isAtWork || this.#isClosing || this.#seats.size === 0) return;
    const { leastMs = 1000 } = this.#options;
    const inMs = Math.max(gatherMs, this.#listedMs + Math.max(leastMs, this.#waitMs) - performance.now());
    const work = (): void => {
      this.#isAtWork = true;
      this.#reconcile()
        .catch((error: unknown) => this.#giveUp(toCalmError(error)))
        .finally(() => {
          this.#isAtWork = false;
          this.#plan();
        });
    };
    this.#timer = setTimeout(work, inMs).unref();
  }

  #giveUp({ message }: CalmError): void {
    for (const seat of [...this.#seats.values()])
      this.#end(seat, { ending: 'lost', reason: `cannot be looked after: ${message}`, isHopeless: true });
  }

  /** One list of what there is, and what follows from it. */
  async #reconcile(): Promise<void> {
    this.#listedMs = performance.now();
    this.#waitMs = this.#options.pollMs ?? 15_000;
    try {
      const [jobs, pods] = await this.#options.orders.list();
      this.#watch(pods.metadata.resourceVersion);
      await this.#deleteSilent(pods.items);
      this.#update(jobs.items, pods.items);
      this.#trouble.say(null);
      // Slots whose workers have ended start anew meanwhile.
      await new Promise(setImmediate);
      await this.#adopt(jobs.items, pods.items);
      await this.#create();
      this.#hasWorked = true;
      this.#failures = 0;
    } catch (error) {
      this.#failed(toCalmError(error));
    }
  }

  /** Any news, also that the watch has ended (410 Gone, a server that restarts), has the next list come sooner. */
  #watch(resourceVersion: string): void {
    if (this.#isWatching || this.#isClosing) return;
    this.#isWatching = true;
    const ring = (): void => {
      this.#waitMs = 0;
      this.#plan();
    };
    const begunMs = performance.now();
    const over = (): void => {
      this.#isWatching = false;
      // Where none is allowed none is tried at once again.
      if (performance.now() - begunMs > shortWatchMs) ring();
    };
    this.#options.orders.watch(resourceVersion, ring, this.#watching.signal).then(over, over);
  }

  #update(jobs: readonly Job[], pods: readonly Pod[]): void {
    for (const pod of pods) {
      const slot = slotOf(pod, jobs);
      const words = lastLine(pod);
      if (slot !== null && words !== undefined) this.#lastWords.set(slotName(slot), words);
    }
    for (const seat of [...this.#seats.values()]) {
      const { at, pod: before } = seat;
      if (at === null) continue;
      const job = jobs.find(({ metadata }) => metadata.name === at.job);
      const own = podsOf(pods, at).filter(({ metadata }) => !this.#silent.has(metadata.uid));
      const ended = own.find((pod) => hasEnded(pod) && !this.#told.has(pod.metadata.uid));
      const isGone = before !== null && !own.some(({ metadata }) => metadata.uid === before.metadata.uid);
      if (ended !== undefined) {
        this.#told.add(ended.metadata.uid);
        this.#end(seat, endOf(ended));
      } else if (isGone) this.#end(seat, { ending: 'killed', reason: `was deleted, pod ${before.metadata.name}` });
      else if (job === undefined) this.#end(seat, { ending: 'lost', reason: `Job ${at.job} is not there any more` });
      else seat.pod = own.find((pod) => !hasEnded(pod)) ?? null;
      if (seat.pod === null && job !== undefined && isOver(job, at.index)) seat.at = null;
    }
    this.#tell(pods);
  }

  #tell(pods: readonly Pod[]): void {
    const summary = summaryOf(pods.filter((pod) => !hasEnded(pod)));
    if (summary !== this.#summary && summary !== '') this.#options.onNote(summary);
    this.#summary = summary;
  }

  /** Jobs of the coordinator before go on if they are as they would be made now, and all their slots are wanted. */
  async #adopt(jobs: readonly Job[], pods: readonly Pod[]): Promise<void> {
    if (this.#isClosing) return;
    const spec = this.#spec;
    for (const job of jobs) {
      const { name, deletionTimestamp, annotations: said = {} } = job.metadata;
      const role = roleOf(job);
      if (role === undefined) continue;
      this.#numbers.set(role, Math.max(numberOf(job), this.#numbers.get(role) ?? 0));
      const left = slotsOf(job).flatMap((slot, index) => (isOver(job, index) ? [] : [{ slot, index }]));
      if (deletionTimestamp !== undefined || left.length === 0) continue;
      const seats = left.map(({ slot }) => this.#seats.get(slotName({ role, index: slot })));
      const isOurs = said[annotations.spec] === spec;
      const isFree = seats.every((seat) => seat !== undefined && (seat.at === null || seat.at.job === name));
      if (!isOurs || !isFree) {
        await this.#options.orders.deleteJob(job);
        continue;
      }
      left.forEach(({ index }, i) => {
        const seat = seats[i]!;
        if (seat.at !== null) return;
        seat.at = { job: name, index };
        const own = podsOf(pods, seat.at).filter(({ metadata }) => !this.#silent.has(metadata.uid));
        for (const pod of own.filter(hasEnded)) this.#told.add(pod.metadata.uid);
        seat.pod = own.find((pod) => !hasEnded(pod)) ?? null;
      });
    }
  }

  get #spec(): string {
    const { options, version, tokenOf } = this.#options;
    // A token names where workers call.
    const [first] = this.#seats.values();
    const address = first === undefined ? '' : tokenOf(first.slot).replace(/^.*@/, '');
    return specOf(options, [version, address]);
  }

  async #create(): Promise<void> {
    const { orders, tokenOf } = this.#options;
    for (const role of roles) {
      const seats = [...this.#seats.values()]
        .filter(({ slot, at }) => slot.role === role && at === null)
        .sort((a, b) => a.slot.index - b.slot.index);
      if (seats.length === 0 || this.#isClosing) continue;
      const number = (this.#numbers.get(role) ?? 0) + 1;
      const job: RoleJob = { role, number, slots: seats.map(({ slot }) => slot.index) };
      const tokens = seats.map(({ slot }) => tokenOf(slot));
      const name = await orders.create(job, tokens, this.#spec);
      this.#numbers.set(role, number);
      seats.forEach((seat, index) => (seat.at = { job: name, index }));
      if (this.#isClosing) return this.#deleteAll(deleteTries);
    }
  }

  /** It may have been done all the same: the next list will tell. */
  #failed(error: CalmError): void {
    const status = statusOf(error);
    this.#waitMs = Math.min(longestMs, (this.#options.leastMs ?? 1000) * 2 ** this.#failures++);
    if (status === 409) return;
    // Not asked too often, not too much at once, not too late.
    const isRefusal = status !== undefined && status >= 400 && status < 500 && ![408, 410, 429].includes(status);
    const isFinal = isRefusal && (!this.#hasWorked || this.#failures >= maxRefusals);
    const what = status === undefined ? 'does not answer, what is known of it stays' : 'does not do what is asked';
    if (!isFinal) return this.#trouble.say(`the server ${what}: ${error.message}`);
    for (const seat of [...this.#seats.values()])
      this.#end(seat, { ending: 'lost', reason: `cannot be started: ${error.message}`, isHopeless: true });
  }

  /** Nothing is known of these, perhaps their node is gone: they are not waited for. */
  async #deleteSilent(pods: readonly Pod[]): Promise<void> {
    for (const pod of pods) if (this.#silent.has(pod.metadata.uid)) await this.#options.orders.deletePod(pod);
  }

  async #deleteAll(tries: number): Promise<void> {
    const { orders, onNote } = this.#options;
    try {
      await orders.deleteAll();
    } catch (error) {
      if (tries > 1) return this.#deleteAll(tries - 1);
      onNote(`could not be told to delete; \`${orders.deleteCommand}\` does: ${(error as Error).message}`);
    }
  }

  #end(seat: Seat, how: LaunchedEnd): void {
    const name = slotName(seat.slot);
    if (this.#seats.get(name) === seat) this.#seats.delete(name);
    seat.resolve(how);
  }
}

const podsOf = (pods: readonly Pod[], at: { readonly job: string; readonly index: number }): Pod[] =>
  pods.filter((pod) => jobNameOf(pod) === at.job && indexOf(pod) === at.index);

function slotOf(pod: Pod, jobs: readonly Job[]): WorkerSlot | null {
  const job = jobs.find(({ metadata }) => metadata.name === jobNameOf(pod));
  const [role, index] = [roleOf(pod), job && slotsOf(job)[indexOf(pod)]];
  return role === undefined || index === undefined ? null : { role, index };
}
