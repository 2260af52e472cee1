// Why something is missing in the report of a run that has not succeeded.
import type { RunLine, StageLine } from '../api/runs.ts';

const words: Readonly<Record<RunLine['status'], string>> = {
  running: 'is still at work',
  succeeded: 'has succeeded',
  failed: 'failed',
  cancelled: 'was cancelled',
  interrupted: 'was interrupted',
};

/** Sentences; none of a run that has succeeded. */
export function unfinishedOf({ status, error }: RunLine, stages: readonly StageLine[]): string[] {
  if (status === 'succeeded') return [];
  const done = stages.filter(({ state }) => state === 'done' || state === 'reused').length;
  const why = error === null ? '' : ` (${error})`;
  const failed = stages.filter(({ state }) => state === 'failed');
  return [
    `This run ${words[status]}${why}: ${done} of ${stages.length} stages are done. What depends on the others is missing here.`,
    ...failed.map(({ label, error: reason }) => `${label} failed: ${reason ?? 'no reason is recorded'}`),
  ];
}
