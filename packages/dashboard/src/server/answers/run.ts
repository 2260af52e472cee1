// One run: its trials with their numbers, its stages and their states, the last events, which logs there are; and its curves.
import { statSync } from 'node:fs';
import { CalmError } from '@calm-orch/core';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { z } from 'zod';
import { curvesAnswer, curvesQuery, runAnswer } from '../../api/runs.ts';
import { point, runEvent, runLine, stageLines, trialLines } from '../lines.ts';
import { route, type Asked } from '../route.ts';

const numEvents = 200;

export const runRoute = route({
  path: '/api/runs/{run}',
  summary: 'A run: trials, stages, events, configuration',
  query: z.object({}),
  answer: runAnswer,
  handle: (asked) => {
    const { tracker, run } = runOf(asked);
    const { id, path, hash, session, versions, machine, resolved } = run;
    return {
      run: runLine(run),
      path,
      hash,
      resumes: session - 1,
      versions,
      machine,
      config: resolved,
      trials: trialLines(tracker, run),
      stages: stageLines(tracker, run),
      events: tracker.listEvents(id, numEvents).map(runEvent),
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
    const ofKind = tracker.listRunStages(run.id).filter(({ kind }) => kind === asked.query.kind);
    const keys = new Set(ofKind.map(({ key }) => key));
    const curves = tracker.listCurves(run.id).filter(({ stageKey }) => keys.has(stageKey));
    return {
      curves: curves.map(({ stageKey, item, name }) => ({
        stage: stageKey,
        item,
        name,
        points: tracker.metricCurve(stageKey, name, { item }).points.map(([step, value]) => point(step, value)),
      })),
    };
  },
});

/** @throws CalmError `not_found` */
export function runOf({ folder, path }: Pick<Asked<unknown>, 'folder' | 'path'>): { tracker: Tracker; run: RunRecord } {
  const tracker = folder.tracker();
  if (tracker === null) throw new CalmError('not_found', `no runs in ${folder.dir} yet`);
  return { tracker, run: tracker.getRun(path['run']!) };
}
