// What has changed in a run folder since the last look: told by the log of events, by the state of the runs at work (one
// whose coordinator was killed writes no event), and by the points their stages report.
import { toCalmError } from '@calm-orch/core';
import type { EventRecord, MetricReport, RunRecord, Tracker } from '@calm-orch/tracker';
import type { News } from '../api/news.ts';
import type { Curve } from '../api/runs.ts';
import { point, runEvent, runLine, stageLines, trialLines } from './lines.ts';

export interface Watch {
  readonly tracker: Tracker;
  look(): News[];
}

/** @param since What came before is not told. @default now */
export function watchRuns(tracker: Tracker, since = tracker.cursors()): Watch {
  let { event } = since;
  /** The last report told, by run. */
  const reports = new Map<string, number>();
  /** Lines as last told: of runs by id, of stages by run and key. */
  const lines = new Map<string, string>();
  let atWork: readonly string[] = [];

  const isNew = (name: string, line: unknown): boolean => {
    const text = JSON.stringify(line);
    if (lines.get(name) === text) return false;
    lines.set(name, text);
    return true;
  };
  const lookAt = (run: RunRecord, events: readonly EventRecord[]): News[] => {
    const line = runLine(run);
    const told: News[] = [];
    if (isNew(run.id, line) || events.length > 0) {
      const stages = stageLines(tracker, run).filter((stage) => isNew(`${run.id} ${stage.key}`, stage));
      told.push({ what: 'run', run: line, trials: trialLines(tracker, run), stages, events: events.map(runEvent) });
    }
    const fresh = tracker.metricsAfter(run.id, reports.get(run.id) ?? since.report);
    if (fresh.length > 0) {
      reports.set(run.id, fresh.at(-1)!.id);
      told.push({ what: 'points', run: run.id, curves: curvesOf(fresh) });
    }
    return told;
  };
  return {
    tracker,
    look: () => {
      const happened = tracker.eventsAfter(event);
      event = happened.at(-1)?.id ?? event;
      const before = atWork;
      atWork = tracker.findRuns({ status: 'running' }).runs.map(({ id }) => id);
      const ids = new Set([...happened.flatMap(({ runId }) => runId ?? []), ...before, ...atWork]);
      return [...ids].flatMap((id) => {
        const run = runOrNull(tracker, id);
        return run === null
          ? []
          : lookAt(
              run,
              happened.filter(({ runId }) => runId === id),
            );
      });
    },
  };
}

/** Null: it was removed. */
function runOrNull(tracker: Tracker, id: string): RunRecord | null {
  try {
    return tracker.getRun(id);
  } catch (thrown) {
    if (toCalmError(thrown).code === 'not_found') return null;
    throw thrown;
  }
}

function curvesOf(reports: readonly MetricReport[]): Curve[] {
  const curves = new Map<string, Curve>();
  for (const { stageKey, item, name, step, value } of reports.flatMap(({ points }) => points)) {
    const id = JSON.stringify([stageKey, item, name]);
    if (!curves.has(id)) curves.set(id, { stage: stageKey, item, name, points: [] });
    curves.get(id)!.points.push(point(step, value));
  }
  return [...curves.values()];
}
