// Runs that are at work in another process: which one is meant, and how its coordinator is asked for something.
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { connectRun } from '@calm-orch/coordinator';
import { CalmError } from '@calm-orch/core';
import type { ListedRun, RunRecord, Tracker } from '@calm-orch/tracker';
import { experimentOrRun } from '../options/named-run.ts';
import { shownStatus } from '../views/runs.ts';

/** The named run, or the newest of an experiment or of all that is at work. @throws CalmError `not_found` */
export function findRunAtWork(tracker: Tracker, name: string | undefined): RunRecord {
  const wanted = name === undefined ? undefined : experimentOrRun(name);
  const isMeant = ({ id, experiment }: ListedRun): boolean =>
    wanted === undefined || id === wanted || experiment === wanted;
  const found = tracker.listRuns().find((run) => run.status === 'running' && isMeant(run));
  if (found !== undefined) return tracker.getRun(found.id);
  // A name nobody knows is answered with those there are.
  const last = wanted === undefined ? undefined : tracker.findRun(wanted);
  throw new CalmError(
    'not_found',
    last === undefined
      ? 'no run is at work (`calm-orch runs` lists all)'
      : `run ${last.id} is not at work: it is ${shownStatus(last)}`,
  );
}

const askEveryMs = 250;
/** A coordinator that starts looks through its artifacts before it listens. */
const patienceMs = 60_000;

type Service = NonNullable<ReturnType<typeof connectRun>>['api'];

/** Asks the run's coordinator, again while it starts or is busy. Null: the run is not at work any more. */
export async function askCoordinator<T>(
  { tracker, dir, runId }: { readonly tracker: Tracker; readonly dir: string; readonly runId: string },
  ask: (service: Service) => Promise<T>,
): Promise<T | null> {
  const { connectRun, layoutOf } = await import('@calm-orch/coordinator');
  const giveUpAt = performance.now() + patienceMs;
  let last: unknown;
  for (;;) {
    const { status, host, pid } = tracker.getRun(runId);
    if (status !== 'running') return null;
    const connection = connectRun(layoutOf(dir), runId);
    try {
      if (connection !== null) return await ask(connection.api);
    } catch (error) {
      if (!(error instanceof CalmError)) throw error;
      last = error;
    } finally {
      connection?.close();
    }
    const process = `process ${pid} on ${host}`;
    if (host !== hostname())
      throw new CalmError(
        'unavailable',
        `run ${runId} is at work elsewhere (${process}) and cannot be reached from here`,
      );
    if (performance.now() > giveUpAt)
      throw new CalmError(
        'unavailable',
        `run ${runId} is at work (${process}) but has not answered for ${patienceMs / 1000} s; end it with \`kill ${pid}\``,
        { cause: last },
      );
    await sleep(askEveryMs);
  }
}
