// A run's workers over time, what they held, who trained together, and the load of the machine: all, or what is new.
import type { AttemptRecord, EventRecord, RunRecord, Tracker, WorkerRecord } from '@calm-orch/tracker';
import { timelineAnswer, timelineQuery, type GangChange, type Lease, type WorkerLine } from '../../api/timeline.ts';
import { isoTime } from '../lines.ts';
import { route } from '../route.ts';
import { runOf } from './run.ts';

export const timelineRoute = route({
  path: '/api/runs/{run}/timeline',
  summary: 'Workers, leases, gangs and load of the machine: all, or what is new',
  query: timelineQuery,
  answer: timelineAnswer,
  handle: (asked) => {
    const { tracker, run } = runOf(asked);
    const { event: last, load: lastMs } = asked.query;
    // Before all else is read: what comes meanwhile is told again.
    const { event } = tracker.cursors();
    const changed = leasesSince(tracker, run.id, last);
    return {
      event,
      now: new Date().toISOString(),
      workers: tracker.listWorkers(run.id).map(workerLine),
      leases: changed.map(leaseLine),
      gangs: gangsOf(tracker, run, new Set(changed.map(({ stageKey }) => stageKey))),
      load: tracker
        .listLoad(run.id)
        .filter(({ atMs }) => atMs > lastMs)
        .map(({ atMs, ...reading }) => ({ at: isoTime(atMs)!, ...reading })),
      memoryBytes: (run.machine as { readonly memoryBytes?: number }).memoryBytes ?? null,
    };
  },
});

const maxEvents = 1000;

/** Those that run and those of which something has been noted. */
function leasesSince(tracker: Tracker, runId: string, event: number): AttemptRecord[] {
  const all = tracker.listAttempts(runId);
  const events = event === 0 ? [] : tracker.eventsAfter(event, { runId, limit: maxEvents });
  const isWhole = event === 0 || events.length === maxEvents || events.some(({ type }) => type.startsWith('run '));
  if (isWhole) return all;
  const named = new Set(events.map(nameOf));
  return all.filter((attempt) => attempt.status === 'running' || named.has(nameOf(attempt)));
}

const nameOf = ({ stageKey, item, attempt }: Pick<EventRecord, 'stageKey' | 'item' | 'attempt'>): string =>
  `${stageKey} ${item} ${attempt}`;

function workerLine({ role, index, pid, host, threads, joinedMs, endedMs, ending, reason }: WorkerRecord): WorkerLine {
  const [joined, ended] = [isoTime(joinedMs)!, isoTime(endedMs)];
  return { worker: `${role} ${index}`, pid, host, threads, joined, ended, ending, reason };
}

function leaseLine(one: AttemptRecord): Lease {
  const { stageKey: stage, item, attempt, worker, status, error, startedMs, endedMs } = one;
  return { stage, item, attempt, worker, status, error, started: isoTime(startedMs)!, ended: isoTime(endedMs) };
}

/** Changes while the run was under way: another run may have trained the stage before. */
function gangsOf(tracker: Tracker, { startedMs }: RunRecord, stages: ReadonlySet<string>): GangChange[] {
  return [...stages].flatMap((stage) =>
    tracker.listRosters(stage).flatMap(({ generation, atMs, members }, i, all) => {
      const isAlone = members.length === 1 && (all[i - 1]?.members.length ?? 1) === 1;
      if (atMs === null || atMs < startedMs || isAlone) return [];
      return [{ stage, generation, at: isoTime(atMs)!, workers: members.map(({ worker }) => worker) }];
    }),
  );
}
