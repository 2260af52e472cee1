// A worker, lease to result, on one page. This process only holds leases: what takes time runs in its compute child,
// so a heartbeat is never late because of a computation.
import type { ChannelCredentials } from '@grpc/grpc-js';
import { abortedAfter, CalmError, toCalmError, type Role, type WorkerFacts } from '@calm-orch/core';
import { connect } from './call.ts';
import { AttemptFailure, type ComputeChild } from './compute/compute-child.ts';
import type { OwnFolder } from './files/own-folder.ts';
import { CoordinatorServiceService, Directive, FailureKind, type Lease } from './generated/calm/v1/coordinator.ts';
import { progressReports } from './compute/progress-reports.ts';
import type { Api } from './service.ts';
import { fromLease, fromRoster, toFacts, toResultMessage, type WorkItem } from './tensors/wire.ts';

export interface WorkerOptions {
  readonly role: Role;
  /** 0-based among the workers of the role. */
  readonly index: number;
  /** Its name, random. */
  readonly instance: string;
  readonly facts: WorkerFacts;
  readonly address: string;
  /** Of the run; a worker of another host shows its certificate instead. */
  readonly token?: string;
  readonly credentials?: ChannelCredentials;
  /** Called with what takes other credentials, from the next call on. */
  readonly onConnected?: (renew: (credentials: ChannelCredentials) => void) => void;
  readonly compute: ComputeChild;
  /** Of a worker that does not see the run folder. */
  readonly files?: OwnFolder;
  /** Aborted: save a checkpoint, give the lease back, return. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  /** How long it waits for another coordinator once its own has gone. */
  readonly takeoverMs: number;
  /** Others compute on its GPU meanwhile: its compute child ends before it asks for work. @default false */
  readonly isInTurns?: boolean;
}

const maxLeaseWaitMs = 5000;
/** Who has to go does not wait long for somebody to tell. */
const goodbyeMs = 3000;
/** Who has to stop hands over what is done for so long. */
const handoverMs = 10_000;
/** Longer than a step takes. */
const releaseGraceMs = 20_000;

/**
 * Works until told to stop, for any coordinator of the run: while there is none it computes on, and asks again and again
 * for `takeoverMs`; then it saves a checkpoint and gives up. @throws CalmError `unavailable` then, while it holds no lease.
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { role, index, instance, address, token, credentials, compute, files, signal, log, takeoverMs } = options;
  const facts = toFacts(options.facts);
  const shown = credentials === undefined ? { token } : { credentials };
  const connection = connect(CoordinatorServiceService, { address, ...shown, retryForMs: takeoverMs });
  const { api: coordinator, close } = connection;
  options.onConnected?.(connection.renew);
  const told = new AbortController();
  const stop = AbortSignal.any([signal, told.signal]);
  try {
    const register = async (): Promise<Timing> => {
      const { heartbeatIntervalMs, leaseTtlMs } = await coordinator.register(
        { role, index, instance, pid: process.pid, facts },
        { signal: stop },
      );
      log(`registered at ${address}`);
      return { heartbeatIntervalMs, waitMs: Math.min(maxLeaseWaitMs, leaseTtlMs) };
    };
    let timing = await register();
    let next: Lease | undefined;
    while (!stop.aborted) {
      const wait = { signal: stop, deadlineMs: timing.waitMs + 5000 };
      try {
        if (next === undefined) {
          if (options.isInTurns) await compute.end();
          const { lease, directive } = await coordinator.lease({ instance, waitMs: timing.waitMs }, wait);
          if (directive === Directive.STOP) break;
          next = lease;
        }
        if (next === undefined) continue;
        const work = fromLease(next);
        next = undefined;
        const onStop = (): void => told.abort();
        next = await attempt(work, { coordinator, instance, compute, files, timing, stop, onStop, log });
      } catch (error) {
        // Another coordinator that does not know this worker yet.
        if (!isLeaseLost(error)) throw error;
        timing = await register();
      }
    }
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    compute.kill();
    close();
  }
}

interface Timing {
  readonly heartbeatIntervalMs: number;
  /** Of calls that wait for something to happen. */
  readonly waitMs: number;
}

interface AttemptOptions {
  readonly coordinator: Api<typeof CoordinatorServiceService>;
  readonly instance: string;
  readonly compute: ComputeChild;
  readonly files: OwnFolder | undefined;
  readonly timing: Timing;
  readonly stop: AbortSignal;
  readonly onStop: () => void;
  readonly log: (line: string) => void;
}

/** One lease: compute while renewing it and reporting, then complete or fail. Returns the lease that the answer brings, if any. */
async function attempt(work: WorkItem, options: AttemptOptions): Promise<Lease | undefined> {
  const { coordinator, instance, compute, timing, stop, onStop, log } = options;
  const handover = abortedAfter(handoverMs, stop);
  const files = options.files?.begin(work, (line) => log(`${name}: ${line}`));
  const { token } = work;
  const name = `${work.stage.kind} ${work.stage.key.slice(0, 8)} item ${work.item} attempt ${work.attempt}`;
  log(`${name}: leased`);
  const over = new AbortController();
  // Once the item is somebody else's the computation is of no use. An answer may come late: the process then has the next item.
  const drop = (): void => {
    if (!over.signal.aborted) compute.kill();
  };
  /** Without a coordinator, for too long: what was computed is kept in a checkpoint. */
  const onLost = (error: unknown): void => (isUnavailable(error) ? onStop() : drop());
  let dropping: NodeJS.Timeout | undefined;
  let isFollowing = false;
  let isAsking = false;
  const beat = async (): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    try {
      const { directive } = await coordinator.heartbeat({ instance, token });
      if (directive === Directive.STOP) onStop();
      // A gang's member hears of its release with the roster, and then keeps its process for the next item.
      if (directive === Directive.DROP) dropping ??= setTimeout(drop, isFollowing ? releaseGraceMs : 0);
    } finally {
      isAsking = false;
    }
  };
  const heartbeat = setInterval(() => {
    beat().catch(onLost);
  }, timing.heartbeatIntervalMs);
  const reports = progressReports((sequence, points, notes) => coordinator.report({ token, sequence, points, notes }), {
    onError: onLost,
  });
  const onNote = (note: string): void => {
    log(`${name}: ${note}`);
    reports.note(note);
  };
  /** Passes rosters on as they change, for as long as the attempt lasts. */
  const follow = async (tensorAddress: string): Promise<void> => {
    isFollowing = true;
    for (let generation = 0; !over.signal.aborted;) {
      const { waitMs } = timing;
      const wait = { signal: over.signal, deadlineMs: waitMs + 5000 };
      const { roster, revoked } = await coordinator.join({ token, tensorAddress, generation, waitMs }, wait);
      if (roster === undefined || over.signal.aborted) continue;
      ({ generation } = roster);
      compute.roster(token, fromRoster(roster), revoked);
      if (roster.rank < 0) return;
    }
  };
  try {
    const onReady = (tensorAddress: string): void => {
      follow(tensorAddress).catch((error: unknown) => over.signal.aborted || onLost(error));
    };
    const here = files === undefined ? work : await moved(files.fetch(stop), stop);
    const result = await compute.run(here, { signal: stop, onProgress: reports.add, onNote, onReady });
    await reports.flush();
    if (result === null) {
      log(`${name}: released by its gang`);
      return undefined;
    }
    if (files !== undefined) await moved(files.deliver(handover.signal), stop);
    const { next } = await coordinator.complete({ token, result: toResultMessage(result), instance });
    log(`${name}: done`);
    return next;
  } catch (error) {
    log(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    if (!(error instanceof AttemptFailure)) {
      unlessLeaseLost(error);
      return undefined;
    }
    const { kind, message: reason, raised: stack } = error;
    await reports.flush().catch(() => {});
    await files?.keepCheckpoint(handover.signal);
    const patience = kind === 'cancelled' ? { retryForMs: goodbyeMs } : {};
    await coordinator.fail({ token, kind: failureKinds[kind], reason, stack }, patience).catch(unlessLeaseLost);
    return undefined;
  } finally {
    over.abort();
    clearTimeout(dropping);
    clearInterval(heartbeat);
    reports.close();
    handover.dispose();
    files?.end();
  }
}

/** What keeps files from coming or going ends the attempt. @throws AttemptFailure, CalmError `lease_lost` */
async function moved<T>(files: Promise<T>, stop: AbortSignal): Promise<T> {
  try {
    return await files;
  } catch (error) {
    if (isLeaseLost(error)) throw error;
    const { code, message } = toCalmError(error);
    throw new AttemptFailure(stop.aborted ? 'cancelled' : code === 'unavailable' ? 'lost' : 'raised', message);
  }
}

const failureKinds = {
  raised: FailureKind.RAISED,
  lost: FailureKind.LOST,
  cancelled: FailureKind.CANCELLED,
  refused: FailureKind.REFUSED,
} as const;

/** A lost lease ends the attempt, not the worker. */
function unlessLeaseLost(error: unknown): void {
  if (!isLeaseLost(error)) throw error;
}

const isLeaseLost = (error: unknown): boolean => error instanceof CalmError && error.code === 'lease_lost';
const isUnavailable = (error: unknown): boolean => error instanceof CalmError && error.code === 'unavailable';
