// What the coordinator of a run looks after by the clock.
import { CalmError } from '@calm-orch/core';
import { isLoadKept } from '@calm-orch/tracker';
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
  let registerByMs = lastMs + policy.registerMs;
  const tick = (): void => {
    const lateMs = now() - lastMs - watchEveryMs;
    lastMs = now();
    if (lateMs > watchEveryMs) {
      coordinator.book.forgive(lateMs);
      registerByMs += lateMs;
    }
    // First of all: a coordinator that has been superseded ends nobody's processes.
    if (lastMs - recordedMs >= recordEveryMs) {
      tracker.heartbeatRun(run.id);
      recordedMs = lastMs;
    }
    const absent = roles.find((role) => !coordinator.hasHeardOf(role));
    if (absent !== undefined && lastMs > registerByMs) {
      const which = coordinator.book.workers.some(({ role }) => role === absent)
        ? ' with the engine of its stages'
        : '';
      const words = launcher.describe({ role: absent, index: 0 });
      throw new CalmError(
        'unavailable',
        `no ${absent}${which} has registered within ${policy.registerMs / 1000} s; ${absent} 0 ${words}`,
      );
    }
    for (const instance of coordinator.expire()) pool.kill(instance);
    for (const key of coordinator.foreign)
      for (const stray of tracker.strayWorkers(key)) launcher.stop(stray, 'at once');
    coordinator.claimForeign();
    if (isLoadKept(second)) tracker.recordLoad(run.id, second, meter.read());
    second++;
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
