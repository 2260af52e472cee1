// The list of runs, newest first, as JSON for scripts and as lines for people.
import { columns } from '@calm-orch/report';
import type { ListedRun, TrialRecord } from '@calm-orch/tracker';
import { duration, isoTime, localTime } from './format.ts';

export function runsJson(runs: readonly ListedRun[], trialsOf: ReadonlyMap<string, readonly TrialRecord[]>): unknown {
  return runs.map(({ id, experiment, status, tags, startedMs, endedMs }) => ({
    run: id,
    experiment,
    status,
    tags,
    started: isoTime(startedMs),
    ended: isoTime(endedMs),
    trials: (trialsOf.get(id) ?? []).map(({ row, seed, status: trialStatus, fingerprint }) => ({
      row,
      seed,
      status: trialStatus,
      fingerprint,
    })),
  }));
}

export function runsText(runs: readonly ListedRun[]): string {
  const isTagged = runs.some(({ tags }) => tags.length > 0);
  const lines = runs.map((run) => {
    const took = run.endedMs === null ? '' : duration(run.endedMs - run.startedMs);
    return [
      run.id,
      shownStatus(run),
      localTime(run.startedMs),
      took,
      `${run.numFinishedTrials} of ${run.numTrials} trials`,
      ...(isTagged ? [run.tags.join(' ')] : []),
      run.heard?.isElsewhere
        ? `on ${run.host}, heard of ${duration(Math.max(0, run.heard.agoMs))} ago`
        : (run.error ?? ''),
    ];
  });
  return columns([['RUN', 'STATUS', 'STARTED', 'TOOK', 'FINISHED', ...(isTagged ? ['TAGS'] : []), ''], ...lines]).join(
    '\n',
  );
}

export function shownStatus({ status, interrupted }: Pick<ListedRun, 'status' | 'interrupted'>): string {
  return interrupted ? `${status} (interrupted)` : status;
}
