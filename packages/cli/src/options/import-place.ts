// Where a row of other people's outputs belongs: the newest run with a table that was evaluated so, and an evaluation that
// has its test items.
import { CalmError, suggestion } from '@calm-orch/core';
import { rowsOfTable, tablesOf } from '@calm-orch/report';
import type { ImportKind, ListedRun, RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';

export interface ImportPlace {
  readonly run: RunRecord;
  /** Its id. */
  readonly table: string;
  /** The first evaluation of the table's rows. */
  readonly stage: RunStageRecord;
}

/** What is imported, and a metric that only tables of such outputs have: SRCC is also one of personalized assessment. */
const kinds: Readonly<Record<ImportKind, { what: string; metrics: readonly string[]; experiment: string }>> = {
  'evaluate-score': { what: 'scores', metrics: ['PLCC'], experiment: 'experiments/ablation-mfam.yaml' },
  'evaluate-comment': {
    what: 'comments',
    metrics: ['BLEU-1', 'BLEU-2', 'BLEU-3', 'BLEU-4', 'ROUGE-L', 'CIDEr', 'METEOR'],
    experiment: 'experiments/commenting.yaml',
  },
};

/** `wanted` names the table; null: no run has such a place. */
export function findImportPlace(
  tracker: Tracker,
  runs: readonly ListedRun[],
  kind: ImportKind,
  wanted?: string,
): ImportPlace | null {
  for (const { id: runId } of runs) {
    const run = tracker.getRun(runId);
    const evaluated = tracker.listRunStages(runId).filter((one) => one.kind === kind && one.status === 'succeeded');
    for (const { id, metrics } of tablesOf(run)) {
      if (wanted !== undefined && wanted !== id) continue;
      if (!metrics.some((metric) => kinds[kind].metrics.includes(metric))) continue;
      const [stage] = rowsOfTable(run, id).flatMap(({ row }) =>
        evaluated.filter(({ trials }) => trials.some((trial) => trial.row === row)),
      );
      if (stage) return { run, table: id, stage };
    }
  }
  return null;
}

/** The error of a file that has no place. */
export function noImportPlace(
  tracker: Tracker,
  runs: readonly ListedRun[],
  kind: ImportKind,
  wanted?: string,
): CalmError {
  const { what, experiment } = kinds[kind];
  const ids = [...new Set(runs.flatMap((run) => tablesOf(tracker.getRun(run.id))).map(({ id }) => id))];
  const where = runs.length === 1 ? `run ${runs[0]!.id}` : 'any run';
  const table =
    wanted === undefined ? '' : ` in table \`${wanted}\`${ids.includes(wanted) ? '' : suggestion(wanted, ids)}`;
  return new CalmError(
    'unavailable',
    `no trial of ${where} has evaluated ${what}${table}: their test photographs are those of a run such as \`calm-orch run ${experiment}\``,
  );
}
