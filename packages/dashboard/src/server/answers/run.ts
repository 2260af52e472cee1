// One run: its trials with their numbers, its stages and their states, the last events, which logs there are.
import { statSync } from 'node:fs';
import { CalmError } from '@calm-orch/core';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { z } from 'zod';
import { runAnswer } from '../../api/runs.ts';
import { isoTime, runEvent, runLine, stageLines, trialLines } from '../lines.ts';
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
      notes: tracker.listNotes(id).map(({ atMs, text }) => ({ at: isoTime(atMs)!, text })),
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

/** @throws CalmError `not_found` */
export function runOf({ folder, path }: Pick<Asked<unknown>, 'folder' | 'path'>): { tracker: Tracker; run: RunRecord } {
  const tracker = folder.tracker();
  if (tracker === null) throw new CalmError('not_found', `no runs in ${folder.dir} yet`);
  return { tracker, run: tracker.getRun(path['run']!) };
}
