// The curves of a run's training for those who cannot ask for more of them: each kind of stage, each metric, its rows, the
// seeds of a row as a band.
import type { BandPoint, RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';

export interface RowCurve {
  /** The rows whose trials share these stages; `all rows` where none is named. */
  readonly row: string;
  /** Whose curves the band is of. */
  readonly numCurves: number;
  readonly points: readonly BandPoint[];
}

/** What one chart shows. */
export interface RunChart {
  /** Kind of the stages, with what tells them from others of the kind. */
  readonly stage: string;
  /** As recorded, such as `train/loss`. */
  readonly metric: string;
  readonly rows: readonly RowCurve[];
}

const shownMetrics = ['loss', 'learningRate'];

/** Losses and learning rates, in order of plan. @param parts Points of a band at most. */
export function runCurves(tracker: Tracker, run: RunRecord, parts: number): RunChart[] {
  const all = tracker
    .listCurves(run.id)
    .filter(({ item, name }) => item === 0 && shownMetrics.some((shown) => name.endsWith(shown)));
  const groups = new Map<string, Map<string, RunStageRecord[]>>();
  for (const stage of tracker.listRunStages(run.id)) {
    const { what } = stage.config as { readonly what?: string };
    const kind = what === undefined ? stage.kind : `${stage.kind} ${what}`;
    const rows = groups.get(kind) ?? new Map<string, RunStageRecord[]>();
    const row = rowsOf(stage, run);
    groups.set(kind, rows.set(row, [...(rows.get(row) ?? []), stage]));
  }
  return [...groups].flatMap(([stage, rows]) => {
    const own = [...rows].map(([row, stages]) => {
      const keys = new Set(stages.map(({ key }) => key));
      return { row, curves: all.filter(({ stageKey }) => keys.has(stageKey)) };
    });
    const metrics = [...new Set(own.flatMap(({ curves }) => curves.map(({ name }) => name)))].sort(lossFirst);
    return metrics.map((metric) => ({
      stage,
      metric,
      rows: own.flatMap(({ row, curves }) => {
        const keys = curves.filter(({ name }) => name === metric).map(({ stageKey }) => stageKey);
        const points = tracker.metricBand(keys, metric, { parts });
        return points.length === 0 ? [] : [{ row, numCurves: keys.length, points }];
      }),
    }));
  });
}

const lossFirst = (a: string, b: string): number =>
  Number(b.endsWith('loss')) - Number(a.endsWith('loss')) || (a < b ? -1 : Number(a > b));

function rowsOf({ trials }: RunStageRecord, run: RunRecord): string {
  const own = new Set(trials.map(({ row }) => row));
  const all = new Set(run.trials.map(({ row }) => row));
  return own.size === 0 || (own.size === all.size && all.size > 1) ? 'all rows' : [...own].join(', ');
}
