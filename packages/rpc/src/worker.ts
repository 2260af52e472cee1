// A worker, lease to result, on one page. This process only holds leases: what takes time runs in its compute child,
// so a heartbeat is never late because of a computation.
import { randomUUID } from 'node:crypto';
import { CalmError, type Role } from '@calm-orch/core';
import { connect } from './call.ts';
import { AttemptFailure, type ComputeChild } from './compute-child.ts';
import { CoordinatorServiceService, Directive, FailureKind } from './generated/calm/v1/coordinator.ts';
import { progressReports } from './progress-reports.ts';
import type { Api } from './service.ts';
import { fromLease, fromRoster, toResultMessage, type WorkItem } from './wire.ts';

export interface WorkerOptions {
  readonly role: Role;
  /** 0-based among the workers of the role. */
  readonly index: number;
  readonly address: string;
  readonly token: string;
  readonly compute: ComputeChild;
  /** Aborted: save a checkpoint, give the lease back, return. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

const leaseWaitMs = 5000;
/** Longer than a step takes. */
const releaseGraceMs = 20_000;

/** Works until told to stop. @throws CalmError `unavailable` when the coordinator has been gone for 15 s. */
export async function runWorker({ role, index, address, token, compute, signal, log }: WorkerOptions): Promise<void> {
  const { api: coordinator, close } = connect(CoordinatorServiceService, { address, token });
  const instance = randomUUID();
  const told = new AbortController();
  const stop = AbortSignal.any([signal, told.signal]);
  try {
    const { heartbeatIntervalMs } = await coordinator.register({ role, index, instance, pid: process.pid });
    log(`registered at ${address}`);
    while (!stop.aborted) {
      const wait = { signal: stop, deadlineMs: leaseWaitMs + 5000 };
      const { lease, directive } = await coordinator.lease({ instance, waitMs: leaseWaitMs }, wait);
      if (directive === Directive.STOP) break;
      if (lease === undefined) continue;
      const options = { coordinator, instance, compute, heartbeatIntervalMs, stop, onStop: () => told.abort(), log };
      await attempt(fromLease(lease), options);
    }
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    compute.kill();
    close();
  }
}

interface AttemptOptions {
  readonly coordinator: Api<typeof CoordinatorServiceService>;
  readonly instance: string;
  readonly compute: ComputeChild;
  readonly heartbeatIntervalMs: number;
  readonly stop: AbortSignal;
  readonly onStop: () => void;
  readonly log: (line: string) => void;
}

/** One lease: compute while renewing it and reporting, then complete or fail. */
async function attempt(work: WorkItem, options: AttemptOptions): Promise<void> {
  const { coordinator, instance, compute, heartbeatIntervalMs, stop, onStop, log } = options;
  const { token } = work;
  const name = `${work.stage.kind} ${work.stage.key.slice(0, 8)} item ${work.item} attempt ${work.attempt}`;
  log(`${name}: leased`);
  // Once the item is somebody else's, or nobody can be told, the computation is of no use.
  const drop = (): void => compute.kill();
  let dropping: NodeJS.Timeout | undefined;
  let isFollowing = false;
  const heartbeat = setInterval(() => {
    coordinator.heartbeat({ instance, token }).then(({ directive }) => {
      if (directive === Directive.STOP) onStop();
      // A gang's member hears of its release with the roster, and then keeps its process for the next item.
      if (directive === Directive.DROP) dropping ??= setTimeout(drop, isFollowing ? releaseGraceMs : 0);
    }, drop);
  }, heartbeatIntervalMs);
  const reports = progressReports((sequence, points) => coordinator.report({ instance, token, sequence, points }), {
    onError: drop,
  });
  const over = new AbortController();
  /** Passes rosters on as they change, for as long as the attempt lasts. */
  const follow = async (tensorAddress: string): Promise<void> => {
    isFollowing = true;
    for (let generation = 0; !over.signal.aborted;) {
      const wait = { signal: over.signal, deadlineMs: leaseWaitMs + 5000 };
      const { roster } = await coordinator.join(
        { instance, token, tensorAddress, generation, waitMs: leaseWaitMs },
        wait,
      );
      if (roster === undefined || over.signal.aborted) continue;
      ({ generation } = roster);
      compute.roster(token, fromRoster(roster));
      if (roster.rank < 0) return;
    }
  };
  try {
    const onReady = (tensorAddress: string): void =>
      void follow(tensorAddress).catch(() => over.signal.aborted || drop());
    const result = await compute.run(work, { signal: stop, onProgress: reports.add, onReady });
    await reports.flush();
    if (result === null) return log(`${name}: released by its gang`);
    await coordinator.complete({ instance, token, result: toResultMessage(result) });
    log(`${name}: done`);
  } catch (error) {
    log(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    if (!(error instanceof AttemptFailure)) return unlessLeaseLost(error);
    const { kind, message: reason, stack = '' } = error;
    await reports.flush().catch(() => {});
    await coordinator.fail({ instance, token, kind: failureKinds[kind], reason, stack }).catch(unlessLeaseLost);
  } finally {
    over.abort();
    clearTimeout(dropping);
    clearInterval(heartbeat);
    reports.close();
  }
}

const failureKinds = {
  raised: FailureKind.RAISED,
  lost: FailureKind.LOST,
  cancelled: FailureKind.CANCELLED,
} as const;

/** A lost lease ends the attempt, not the worker. */
function unlessLeaseLost(error: unknown): void {
  if (!(error instanceof CalmError && error.code === 'lease_lost')) throw error;
}
