// What the coordinator of a run looks after by the clock.
import { CalmError, type Role } from '@calm-orch/core';
import { isLoadKept } from '@calm-orch/tracker';
import { stopProcess } from '../launchers/host-process.ts';
import type { Coordinator } from '../leases/coordinator.ts';
import { openLoadMeter } from './machine-load.ts';
import type { Session } from './session.ts';
import type { WorkerPool } from './worker-pool.ts';

const watchEveryMs = 1000;
const recordEveryMs = 5000;

/** Every second: leases run out, unless it was this process that stood still, and the machine's load is noted. Every five: the
 *  run is marked alive. */
export function watch(
  { options, run, coordinator, launcher, policy, toDo }: Session,
  pool: WorkerPool,
  now: () => number,
) {
  const { tracker } = options;
  const roles = [...new Set(toDo.map(({ role }) => role))];
  const meter = openLoadMeter();
  let second = tracker.nextSecond(run.id);
  let lastMs = now();
  let recordedMs = lastMs;
  /** Roles that have no worker who could compute anything, and since when. */
  const absent = new Map(roles.map((role) => [role, lastMs]));
  const tick = (): void => {
    const lateMs = now() - lastMs - watchEveryMs;
    lastMs = now();
    if (lateMs > watchEveryMs) {
      coordinator.book.forgive(lateMs);
      for (const [role, ms] of absent) absent.set(role, ms + lateMs);
    }
    // First of all: a coordinator that has been superseded ends nobody's processes.
    if (lastMs - recordedMs >= recordEveryMs) {
      tracker.heartbeatRun(run.id);
      recordedMs = lastMs;
    }
    for (const role of roles) {
      if (coordinator.hasWorker(role)) absent.delete(role);
      else if (!absent.has(role) || isWaiting(role)) absent.set(role, lastMs);
      else if (lastMs - absent.get(role)! > policy.registerMs && options.counts[role] > 0) throw nobody(role);
    }
    for (const instance of coordinator.expire())
      if (pool.has(instance)) pool.kill(instance);
      else coordinator.workerExited(instance, { ending: 'lost', reason: 'was not heard of any more' });
    for (const key of coordinator.foreign) for (const stray of tracker.strayWorkers(key)) stopProcess(stray, 'at once');
    coordinator.claimForeign();
    if (isLoadKept(second)) tracker.recordLoad(run.id, second, meter.read());
    second++;
  };
  const isWaiting = (role: Role): boolean =>
    pool.members.some(({ slot }) => slot.role === role && launcher.isWaiting(slot));
  const nobody = (role: Role): CalmError => {
    const which = coordinator.book.workers.some((worker) => worker.role === role)
      ? ' that may compute all of its stages'
      : '';
    const words = launcher.describe({ role, index: 0 });
    const within = `within ${policy.registerMs / 1000} s`;
    return new CalmError('unavailable', `no ${role}${which} has registered ${within}; ${role} 0 ${words}`);
  };
  const timer = setInterval(() => orAbandon(coordinator, tick), watchEveryMs);
  return (): void => clearInterval(timer);
}

/** Errors in timers and process events reach nobody else. With a busy database the next occasion comes by itself. */
export function orAbandon(coordinator: Coordinator, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof CalmError && error.code === 'busy')) coordinator.abandon(error);
  }
}
