// The tracker's records as the page is told of them.
import { stageLabel } from '@calm-orch/core';
import type { EventRecord, ListedRun, RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';
import type { RunEvent, RunLine, StageLine, StageState, TrialLine } from '../api/runs.ts';

/** UTC, as in `2026-05-04T12:00:00.000Z`; null where there is none. */
export const isoTime = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

export function runLine(run: ListedRun): RunLine {
  const { id, experiment, title, tags, status, interrupted, error, startedMs, endedMs, numTrials, numFinishedTrials } =
    run;
  return {
    run: id,
    experiment,
    title,
    tags: [...tags],
    // A run begins as running.
    status: interrupted ? 'interrupted' : status === 'queued' ? 'running' : status,
    error,
    started: isoTime(startedMs),
    ended: isoTime(endedMs),
    numTrials,
    numFinishedTrials,
  };
}

export function trialLines(tracker: Tracker, run: RunRecord): TrialLine[] {
  const numbers = tracker.trialMetrics(run.id);
  return run.trials.map((trial) => {
    const own = numbers.filter(({ row, seed }) => row === trial.row && seed === trial.seed);
    return { ...trial, metrics: Object.fromEntries(own.map(({ name, value }) => [name, value])) };
  });
}

export function stageLines(tracker: Tracker, run: RunRecord): StageLine[] {
  const counts = new Map<string, number>();
  for (const { stageKey } of tracker.listAttempts(run.id)) counts.set(stageKey, (counts.get(stageKey) ?? 0) + 1);
  return tracker.listRunStages(run.id).map((stage) => stageLine(stage, run, counts.get(stage.key) ?? 0));
}

export function stageLine(stage: RunStageRecord, run: RunRecord, numAttempts: number): StageLine {
  const { key, kind, error, startedMs, endedMs, numItems, trials } = stage;
  return {
    key,
    kind,
    label: stageLabel(stage, run.trials),
    state: stateOf(stage),
    error,
    started: isoTime(startedMs),
    ended: isoTime(endedMs),
    numItems,
    numAttempts,
    trials: trials.map(({ row, seed }) => ({ row, seed })),
  };
}

function stateOf({ status, execution }: RunStageRecord): StageState {
  if (status !== 'succeeded') return status;
  return execution === 'executed' ? 'done' : 'reused';
}

export function runEvent({ id, atMs, type, stageKey, message }: EventRecord): RunEvent {
  return { id, at: new Date(atMs).toISOString(), type, stage: stageKey, message };
}

/** JSON has no number that is not finite. */
export const point = (step: number, value: number): [step: number, value: number | null] => [
  step,
  Number.isFinite(value) ? value : null,
];
