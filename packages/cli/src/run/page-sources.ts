// What the page shows of what commands print: tables as `tables` does, two runs as `compare`, reasons as `explain`, steps as `audit`, logs
// as `logs`.
import type { PageSources } from '@calm-orch/dashboard';
import { layoutOf } from '@calm-orch/coordinator/layout';
import { runWithTables } from '../options/run-with-tables.ts';
import { compareApart, judgeApart } from './judge-apart.ts';
import { logFiles } from './log-files.ts';
import { pagePhotographs } from './page-photographs.ts';
import { trialsWithModels } from '../models/trained-model.ts';
import { parts } from './parts.ts';
import { tryPhotograph } from '../models/try-photograph.ts';

/** @param signal Ends what is still being judged. */
export function pageSources(dir: string, signal: AbortSignal): PageSources {
  const layout = layoutOf(dir);
  return {
    runWithTables,
    tables: ({ id, trials }) => judgeApart({ dir, runId: id, seeds: trials.map(({ seed }) => seed) }, signal),
    models: (tracker) => trialsWithModels(tracker, dir),
    tryPhotograph: (trial, body, own) => tryPhotograph(dir, trial, body, AbortSignal.any([signal, own])),
    compare: (a, b) => compareApart({ dir, a, b }, signal),
    audit: async (tracker, runId) => {
      const { auditRun } = await import('@calm-orch/coordinator');
      return auditRun(tracker, runId, parts.stageKinds);
    },
    photographs: pagePhotographs(layout),
    logs: (runId) => logFiles(layout, runId),
    reasons: async (tracker, runId, key) => {
      const { explainRun, readArtifact } = await import('@calm-orch/coordinator');
      const [explained] = explainRun(tracker, layout, runId, key);
      return {
        ingredients: readArtifact(layout, key)?.ingredients ?? null,
        nearest: explained?.nearest ?? null,
        differences: explained?.differences ?? [],
      };
    },
  };
}
