// Some stages of a run with all their attempts, and where those that failed were raised.
import { CalmError, stageLabel } from '@calm-orch/core';
import type { AttemptRecord, RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';
import { duration, isoTime } from './format.ts';

export interface StageDescription {
  readonly stage: RunStageRecord;
  readonly label: string;
  readonly attempts: readonly AttemptRecord[];
}

/** Those of a kind, or whose key begins so. @throws CalmError `not_found` where there is none. */
export function describeStages(tracker: Tracker, run: RunRecord, wanted: string): StageDescription[] {
  const stages = tracker.listRunStages(run.id).filter(({ kind, key }) => kind === wanted || key.startsWith(wanted));
  if (stages.length === 0) throw noSuchStage(run.id, wanted);
  return stages.map((stage) => ({
    stage,
    label: stageLabel(stage, run.trials),
    attempts: tracker.listAttempts(run.id, stage.key),
  }));
}

export function noSuchStage(runId: string, wanted: string): CalmError {
  return new CalmError(
    'not_found',
    `run ${runId} has no stage \`${wanted}\`: give a kind (finetune-score) or the first digits of a key (\`calm-orch show ${runId}\` lists them)`,
  );
}

export function stagesJson(runId: string, stages: readonly StageDescription[]): unknown {
  return {
    run: runId,
    stages: stages.map(({ stage: { key, kind, status, execution, error }, label, attempts }) => ({
      key,
      kind,
      label,
      status,
      execution,
      error,
      attempts: attempts.map(({ item, attempt, worker, status: how, error: why, stack, startedMs, endedMs }) => ({
        item,
        attempt,
        worker,
        status: how,
        error: why,
        stack,
        started: isoTime(startedMs),
        ended: isoTime(endedMs),
      })),
    })),
  };
}

export function stagesText(stages: readonly StageDescription[]): string {
  return stages
    .map(({ stage: { key, status, execution, error }, label, attempts }) => {
      const how = status === 'succeeded' ? execution : status;
      const head = `${label} (${key.slice(0, 8)}): ${how}${error === null ? '' : `: ${error}`}`;
      return [head, ...attempts.flatMap(attemptLines)].join('\n');
    })
    .join('\n\n');
}

function attemptLines({ item, attempt, worker, status, error, stack, startedMs, endedMs }: AttemptRecord): string[] {
  const time = endedMs === null ? '' : `, after ${duration(endedMs - startedMs)}`;
  const head = `item ${item}, attempt ${attempt}, ${worker}: ${status}${time}`;
  // A stack begins with the error.
  const why = stack ?? error;
  return [`  ${head}`, ...(why === null ? [] : why.split('\n').map((line) => `    ${line}`))];
}
