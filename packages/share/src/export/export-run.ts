// One run for one other tool, in a new folder.
import { assertNever } from '@calm-orch/core';
import type { RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';
import { writeCsv } from './csv.ts';
import { exportedTrials } from './exported-run.ts';
import { writeMlflow } from './mlflow.ts';
import { checkFree, writeNewFolder, type Place } from '../new-folder.ts';
import { writeTensorboard } from './tensorboard.ts';
import { writeWandb } from './wandb.ts';

export const exportFormats = ['mlflow', 'tensorboard', 'wandb-offline', 'csv'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportOptions extends Place {
  readonly to: ExportFormat;
  /** Absolute. */
  readonly dir: string;
  /** Folder of a stage's artifact; null: it is gone. */
  readonly artifactOf: (stage: RunStageRecord) => string | null;
}

export interface Exported {
  /** Runs of the other tool. */
  readonly runs: number;
  readonly metrics: number;
  readonly points: number;
}

/** @throws CalmError `invalid_argument` where the folder holds something, `io` */
export async function exportRun(
  tracker: Tracker,
  run: RunRecord,
  { to, dir, artifactOf, ...place }: ExportOptions,
): Promise<Exported> {
  checkFree(dir, place);
  const points = await writeNewFolder(dir, (partial) => {
    switch (to) {
      case 'mlflow':
        return writeMlflow(partial, dir, tracker, run);
      case 'tensorboard':
        return writeTensorboard(partial, tracker, run);
      case 'wandb-offline':
        return writeWandb(partial, tracker, run);
      case 'csv':
        return writeCsv(partial, tracker, run, artifactOf);
      default:
        return assertNever(to);
    }
  });
  const trials = exportedTrials(tracker, run);
  return { runs: trials.length, metrics: trials.reduce((sum, { metrics }) => sum + metrics.size, 0), points };
}
