// One stage of a run: what its key is made of and how that differs from the stage most like it, its configuration, its
// attempts.
import { CalmError } from '@calm-orch/core';
import { z } from 'zod';
import { stageAnswer } from '../../api/runs.ts';
import { route } from '../route.ts';
import { isoTime, stageLine } from '../lines.ts';
import { runOf } from './run.ts';

export const stageRoute = route({
  path: '/api/runs/{run}/stages/{stage}',
  summary: 'A stage of a run: ingredients of its key, configuration, attempts',
  query: z.object({}),
  answer: stageAnswer,
  handle: async (asked) => {
    const { tracker, run } = runOf(asked);
    const stage = tracker.listRunStages(run.id).find(({ key }) => key === asked.path['stage']);
    if (stage === undefined) throw new CalmError('not_found', `run ${run.id} has no stage ${asked.path['stage']}`);
    const attempts = tracker.listAttempts(run.id, stage.key);
    const { ingredients, nearest, differences } = await asked.sources.reasons(tracker, run.id, stage.key);
    return {
      stage: stageLine(stage, run, attempts.length),
      firstRun: stage.firstRunId,
      config: stage.config,
      inputs: { ...stage.inputs },
      result: stage.result,
      ingredients,
      nearest,
      differences: [...differences],
      attempts: attempts.map(({ item, attempt, worker, status, error, stack, startedMs, endedMs }) => ({
        item,
        attempt,
        worker,
        status,
        error,
        stack,
        started: isoTime(startedMs),
        ended: isoTime(endedMs),
      })),
    };
  },
});
