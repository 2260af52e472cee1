// What the ledger says of a run's training, as `calm-orch audit` counts it.
import { stageLabel } from '@calm-orch/core';
import { z } from 'zod';
import { auditAnswer } from '../../api/timeline.ts';
import { route } from '../route.ts';
import { runOf } from './run.ts';

export const auditRoute = route({
  path: '/api/runs/{run}/audit',
  summary: 'Steps of training: recorded, missing, repeated',
  query: z.object({}),
  answer: auditAnswer,
  handle: async (asked) => {
    const { tracker, run } = runOf(asked);
    const stages = new Map(tracker.listRunStages(run.id).map((stage) => [stage.key, stage]));
    const audit = await asked.sources.audit(tracker, run.id);
    return {
      ok: audit.ok,
      stages: audit.stages.map(
        ({ key, steps, shards, applied, numMissing, numRepeated, superseded, workers, problems, exact }) => ({
          stage: key,
          label: stageLabel(stages.get(key)!, run.trials),
          demanded: steps * shards,
          recorded: applied,
          missing: numMissing,
          repeated: numRepeated,
          givenUp: superseded,
          workers: [...workers],
          problems: [...problems],
          exact,
        }),
      ),
    };
  },
});
