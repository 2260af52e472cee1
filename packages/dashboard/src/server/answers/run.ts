// One run: its trials with their numbers, its stages and their states, the last events, which logs there are.
import { statSync } from 'node:fs';
import { CalmError, stageLabel } from '@calm-orch/core';
import type { EventRecord, MetricCurve, RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';
import { z } from 'zod';
import {
  curvesAnswer,
  curvesQuery,
  runAnswer,
  type Curve,
  type RunEvent,
  type StageLine,
  type StageState,
} from '../../api/runs.ts';
import { route, type Asked } from '../route.ts';
import { isoTime } from './iso-time.ts';
import { runLineOf } from './runs.ts';

const numEvents = 200;

export const runRoute = route({
  path: '/api/runs/{run}',
  summary: 'A run: trials, stages, events, configuration',
  query: z.object({}),
  answer: runAnswer,
  handle: (asked) => {
    const { tracker, run } = runOf(asked);
    const { id, path, hash, session, versions, machine, resolved } = run;
    const numbers = tracker.trialMetrics(id);
    return {
      run: runLineOf(run),
      path,
      hash,
      resumes: session - 1,
      versions,
      machine,
      config: resolved,
      trials: run.trials.map(({ row, seed, status, fingerprint }) => ({
        row,
        seed,
        status,
        fingerprint,
        metrics: Object.fromEntries(
          numbers.filter((one) => one.row === row && one.seed === seed).map(({ name, value }) => [name, value]),
        ),
      })),
      stages: stageLines(tracker, run),
      events: tracker.listEvents(id, numEvents).map(eventOf),
      logs: asked.sources.logs(id).map((log) => ({ name: log.name, bytes: statSync(log.path).size })),
    };
  },
});

export const curvesRoute = route({
  path: '/api/runs/{run}/curves',
  summary: 'The curves of all stages of a kind',
  query: curvesQuery,
  answer: curvesAnswer,
  handle: (asked) => {
    const { tracker, run } = runOf(asked);
    const stages = tracker.listRunStages(run.id).filter(({ kind }) => kind === asked.query.kind);
    return {
      curves: stages.flatMap(({ key }) => tracker.listMetrics(key).map(curveOf)),
    };
  },
});

export function curveOf({ stageKey, item, name, points }: MetricCurve): Curve {
  return {
    stage: stageKey,
    item,
    name,
    points: points.map(([step, value]) => [step, Number.isFinite(value) ? value : null]),
  };
}

export function eventOf({ id, atMs, type, stageKey, message }: EventRecord): RunEvent {
  return { id, at: new Date(atMs).toISOString(), type, stage: stageKey, message };
}

/** @throws CalmError `not_found` */
export function runOf({ folder, path }: Pick<Asked<unknown>, 'folder' | 'path'>): { tracker: Tracker; run: RunRecord } {
  const tracker = folder.tracker();
  if (tracker === null) throw new CalmError('not_found', `no runs in ${folder.dir} yet`);
  return { tracker, run: tracker.getRun(path['run']!) };
}

export function stageLines(tracker: Tracker, run: RunRecord): StageLine[] {
  const counts = new Map<string, number>();
  for (const { stageKey } of tracker.listAttempts(run.id)) counts.set(stageKey, (counts.get(stageKey) ?? 0) + 1);
  return tracker.listRunStages(run.id).map((stage) => stageLineOf(stage, run, counts.get(stage.key) ?? 0));
}

export function stageLineOf(stage: RunStageRecord, run: RunRecord, numAttempts: number): StageLine {
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
