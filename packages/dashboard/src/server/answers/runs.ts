// The list of runs.
import type { RunRecord } from '@calm-orch/tracker';
import { runsAnswer, runsQuery, type RunLine, type RunsQuery } from '../../api/runs.ts';
import { route } from '../route.ts';
import { isoTime } from './iso-time.ts';

export const runsRoute = route({
  path: '/api/runs',
  summary: 'Runs, sorted, filtered, a page of them',
  query: runsQuery,
  answer: runsAnswer,
  handle: ({ folder, query }) => {
    const runs = (folder.tracker()?.listRuns() ?? []).map(runLineOf).filter((line) => isAsked(line, query));
    const sorted = sortedBy(runs, query);
    return { folder: folder.dir, total: runs.length, runs: sorted.slice(query.offset, query.offset + query.limit) };
  },
});

export function runLineOf(run: RunRecord): RunLine {
  const { id, experiment, title, status, interrupted, error, startedMs, endedMs, trials } = run;
  return {
    run: id,
    experiment,
    title,
    // A run begins as running.
    state: interrupted ? 'interrupted' : status === 'queued' ? 'running' : status,
    error,
    started: isoTime(startedMs),
    ended: isoTime(endedMs),
    numTrials: trials.length,
    numFinished: trials.filter((trial) => trial.status === 'succeeded').length,
  };
}

function isAsked(line: RunLine, { state, text }: RunsQuery): boolean {
  const words = [line.run, line.title, line.error ?? ''].join('\n').toLowerCase();
  return (state === undefined || line.state === state) && words.includes(text.toLowerCase());
}

function sortedBy(lines: readonly RunLine[], { sort, order }: RunsQuery): RunLine[] {
  const sign = order === 'ascending' ? 1 : -1;
  const names = new Intl.Collator('en', { numeric: true });
  const compare = {
    run: (a: RunLine, b: RunLine) => names.compare(a.run, b.run),
    status: (a: RunLine, b: RunLine) => names.compare(a.state, b.state),
    started: (a: RunLine, b: RunLine) => names.compare(a.started ?? '', b.started ?? ''),
    took: (a: RunLine, b: RunLine) => took(a) - took(b),
  }[sort];
  return lines.toSorted((a, b) => sign * compare(a, b));
}

const took = ({ started, ended }: RunLine): number =>
  ended === null ? Infinity : Date.parse(ended) - Date.parse(started!);
