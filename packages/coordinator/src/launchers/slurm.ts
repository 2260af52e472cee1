// Workers as elements of Slurm's job arrays. One look at the queue an interval tells what has become of them; a slot whose
// element has ended gets another, one that is requeued keeps it. The queue is also where the next coordinator finds the
// elements of the one before, by name and folder. While the queue does not answer nothing is concluded.
import { roles, toCalmError, type CalmError, type Role } from '@calm-orch/core';
import {
  slotName,
  type LaunchedEnd,
  type Launcher,
  type StartedWorker,
  type StopHow,
  type WorkerSlot,
} from './launcher.ts';
import { lastWords } from './local.ts';
import { createTrouble, type Trouble } from './trouble.ts';
import { isAway } from './slurm-commands.ts';
import { cancelElements, groupByJob, listElements, submitElements, type SlurmRun } from './slurm-orders.ts';
import {
  endOf,
  isOver,
  isRunning,
  leastIntervalMs,
  longestIntervalMs,
  stateOf,
  summaryOf,
  wasRequeued,
  type QueueElement,
} from './slurm-queue.ts';

export interface SlurmLauncherOptions extends SlurmRun {
  /** Elements of the coordinator before go on; else they are cancelled. */
  readonly keep: boolean;
  readonly onNote: (message: string) => void;
  /** Between two looks at the queue at least. @default leastIntervalMs */
  readonly leastMs?: (numWorkers: number) => number;
}

/** A slot from its start to its end. */
interface Seat {
  readonly slot: WorkerSlot;
  readonly worker: StartedWorker;
  readonly resolve: (end: LaunchedEnd) => void;
  /** Its element; null: to be submitted. */
  id: string | null;
  /** As the queue showed it last. */
  seen: QueueElement | null;
}

/** So many at once are submitted as one array. */
const gatherMs = 100;
/** An order that Slurm has taken before and now refuses may be one too many for the moment. */
const maxRefusals = 10;
const cancelTries = 3;

export class SlurmLauncher implements Launcher {
  readonly joins = true;
  readonly #options: SlurmLauncherOptions;
  readonly #seats = new Map<string, Seat>();
  /** Elements that are being cancelled. */
  readonly #cancelled = new Set<string>();
  /** Elements whose workers fell silent, and when they had begun. */
  readonly #silent = new Map<string, string | undefined>();
  readonly #trouble: Trouble;
  #keep: boolean;
  #timer: NodeJS.Timeout | null = null;
  #isAtWork = false;
  #isClosing = false;
  #calledMs = -Infinity;
  #intervalMs = 0;
  /** All elements there can be are known: what has none may be submitted. */
  #isSure = false;
  /** Roles whose orders Slurm has taken. */
  readonly #taken = new Set<Role>();
  #refusals = 0;
  #summary = '';

  constructor(options: SlurmLauncherOptions) {
    this.#options = options;
    this.#keep = options.keep;
    this.#trouble = createTrouble(options.onNote, 'the queue answers again');
  }

  start(slot: WorkerSlot): StartedWorker {
    let resolve!: Seat['resolve'];
    const ended = new Promise<LaunchedEnd>((settle) => (resolve = settle));
    const name = slotName(slot);
    const leave = (): void => {
      this.#seats.delete(name);
      // What is found from now on is another coordinator's.
      this.#isClosing = true;
    };
    const worker: StartedWorker = { process: null, ended, leave };
    this.#seats.set(name, { slot, worker, resolve, id: null, seen: null });
    this.#isClosing = false;
    this.#plan();
    return worker;
  }

  stop(workers: readonly StartedWorker[], how: StopHow): void {
    const seats = [...this.#seats.values()].filter(({ worker }) => workers.includes(worker));
    if (how === 'silent') {
      for (const seat of seats) {
        if (seat.id !== null) this.#silent.set(seat.id, seat.seen?.start);
        // Perhaps it was requeued: then it need not be cancelled.
        this.#isSure = false;
        this.#intervalMs = 0;
        this.#end(seat, { ending: 'killed', reason: 'was not heard of any more' });
      }
      return this.#plan();
    }
    this.#isClosing = true;
    const over = (): void => {
      for (const seat of seats) this.#end(seat, { ending: 'lost', reason: 'was cancelled with its run' });
    };
    const ids = seats.flatMap(({ id }) => id ?? []);
    this.#cancel(ids, cancelTries).then(over, over);
  }

  isWaiting(slot: WorkerSlot): boolean {
    const seat = this.#seats.get(slotName(slot));
    return seat !== undefined && (seat.seen === null || !isRunning(seat.seen));
  }

  describe(slot: WorkerSlot): string {
    const { seen = null, id = null } = this.#seats.get(slotName(slot)) ?? {};
    const problem = this.#trouble.problem === null ? '' : ` (${this.#trouble.problem})`;
    const words = seen !== null ? stateOf(seen) : id === null ? 'not submitted yet' : `submitted as job ${id}`;
    return `is ${words}${problem}; it ${lastWords(this.#log(slot.role, slot.index))}`;
  }

  #log(role: Role, index: number | string): string {
    return this.#options.layout.log(this.#options.runId, `${role}-${index}`);
  }

  /** The time between two looks while something changes. */
  get #baseMs(): number {
    return (this.#options.leastMs ?? leastIntervalMs)(this.#seats.size);
  }

  get #dueMs(): number {
    return this.#calledMs + Math.max(this.#baseMs, this.#intervalMs);
  }

  #plan(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#isAtWork || this.#isClosing || this.#seats.size === 0) return;
    const isWanting = this.#isSure && [...this.#seats.values()].some(({ id }) => id === null);
    const inMs = isWanting ? gatherMs : Math.max(gatherMs, this.#dueMs - performance.now());
    const work = (): void => {
      this.#isAtWork = true;
      this.#lookAndSubmit()
        .catch((error: unknown) => this.#giveUp(toCalmError(error)))
        .finally(() => {
          this.#isAtWork = false;
          this.#plan();
        });
    };
    this.#timer = setTimeout(work, inMs).unref();
  }

  async #lookAndSubmit(): Promise<void> {
    if (performance.now() >= this.#dueMs) await this.#look();
    if (this.#isSure && !this.#isClosing) await this.#submit();
  }

  #giveUp({ message }: CalmError): void {
    for (const seat of [...this.#seats.values()])
      this.#end(seat, { ending: 'lost', reason: `cannot be looked after: ${message}`, isHopeless: true });
  }

  async #look(): Promise<void> {
    this.#calledMs = performance.now();
    const silent = new Map(this.#silent);
    let elements: QueueElement[];
    try {
      elements = await listElements(this.#options);
    } catch (error) {
      this.#isSure = false;
      this.#intervalMs = Math.min(longestIntervalMs, 2 * Math.max(this.#baseMs, this.#intervalMs));
      return this.#trouble.say(`the queue does not answer, what is known of it stays: ${(error as Error).message}`);
    }
    this.#trouble.say(null);
    this.#update(elements);
    // Slots whose workers have ended start anew meanwhile, and may get an element that was requeued.
    await new Promise(setImmediate);
    await this.#assign(
      elements.filter((element) => !isOver(element)),
      silent,
    );
    // Of who fell silent meanwhile the next look tells.
    for (const id of silent.keys()) this.#silent.delete(id);
    this.#isSure = this.#silent.size === 0;
  }

  #update(elements: readonly QueueElement[]): void {
    const byId = new Map(elements.map((element) => [element.id, element]));
    for (const seat of [...this.#seats.values()]) {
      if (seat.id === null) continue;
      const now = byId.get(seat.id);
      if (now === undefined) this.#end(seat, { ending: 'lost', reason: `job ${seat.id} is no longer in the queue` });
      else if (isOver(now)) this.#end(seat, endOf(now));
      else if (wasRequeued(seat.seen, now))
        this.#end(seat, { ending: 'killed', reason: `was requeued: ${stateOf(now)}` });
      else seat.seen = now;
    }
    const summary = summaryOf(elements.filter((element) => !isOver(element) && !this.#cancelled.has(element.id)));
    const isNews = summary !== this.#summary;
    this.#intervalMs = isNews ? 0 : Math.min(longestIntervalMs, 1.5 * Math.max(this.#baseMs, this.#intervalMs));
    this.#summary = summary;
    if (isNews && summary !== '') this.#options.onNote(summary);
  }

  /** Elements nobody has: a slot's that has none, or nobody's. */
  async #assign(living: readonly QueueElement[], silent: ReadonlyMap<string, string | undefined>): Promise<void> {
    if (this.#isClosing) return;
    const held = new Set([...this.#seats.values()].map(({ id }) => id));
    const spare: string[] = [];
    for (const element of living) {
      const { id, role, index, state, start } = element;
      if (held.has(id) || this.#cancelled.has(id) || state === 'COMPLETING') continue;
      const seat = this.#seats.get(slotName({ role, index }));
      if (this.#silent.has(id) && !silent.has(id)) continue;
      const isSilent = silent.has(id) && isRunning(element) && (silent.get(id) ?? start) === start;
      if (seat?.id === null && this.#keep && !isSilent) [seat.id, seat.seen] = [id, element];
      else spare.push(id);
    }
    this.#keep = true;
    if (spare.length > 0) await this.#cancel(spare, 1);
  }

  async #submit(): Promise<void> {
    for (const role of roles) {
      const seats = [...this.#seats.values()].filter(({ slot, id }) => slot.role === role && id === null);
      if (seats.length === 0 || this.#isClosing) continue;
      try {
        const job = await submitElements(
          this.#options,
          role,
          seats.map(({ slot }) => slot.index),
        );
        for (const seat of seats) [seat.id, seat.seen] = [`${job}_${seat.slot.index}`, null];
        this.#taken.add(role);
        this.#refusals = this.#intervalMs = 0;
        if (this.#isClosing) await this.#cancel([job], cancelTries);
      } catch (error) {
        return this.#refused(role, seats, toCalmError(error));
      }
    }
  }

  /** It may have been taken all the same: the queue will tell. */
  #refused(role: Role, seats: readonly Seat[], error: CalmError): void {
    this.#isSure = false;
    this.#intervalMs = Math.min(longestIntervalMs, 2 * Math.max(this.#baseMs, this.#intervalMs));
    const reason = `sbatch: ${error.message.replace(/^sbatch: (error: )?/, '')}`;
    const isFinal = !isAway(error) && (!this.#taken.has(role) || ++this.#refusals >= maxRefusals);
    if (!isFinal) return this.#trouble.say(`workers cannot be submitted, tried again: ${reason}`);
    for (const seat of seats)
      this.#end(seat, { ending: 'lost', reason: `cannot be started: ${reason}`, isHopeless: true });
  }

  /** With one `scancel`. */
  async #cancel(ids: readonly string[], tries: number): Promise<void> {
    if (ids.length === 0) return;
    for (const id of ids) this.#cancelled.add(id);
    try {
      await cancelElements(ids);
    } catch (error) {
      if (tries > 1) return this.#cancel(ids, tries - 1);
      for (const id of ids) this.#cancelled.delete(id);
      this.#options.onNote(
        `could not be told to cancel; \`scancel ${groupByJob(ids).join(' ')}\` does: ${(error as Error).message}`,
      );
    }
  }

  #end(seat: Seat, how: LaunchedEnd): void {
    const name = slotName(seat.slot);
    if (this.#seats.get(name) === seat) this.#seats.delete(name);
    seat.resolve(how);
  }
}
