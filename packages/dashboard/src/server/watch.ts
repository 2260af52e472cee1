// What has changed in a run folder since the last look: told by the log of events, by the state of the runs at work (one
// whose coordinator was killed writes no event), and by the points their stages report. What is told every second is kept
// short: a curve is named once, and by a number from then on.
import { toCalmError } from '@calm-orch/core';
import type { EventRecord, RunRecord, Tracker } from '@calm-orch/tracker';
import type { News } from '../api/news.ts';
import { point, runEvent, runLine, stageLines, trialLines } from './lines.ts';

export interface Watch {
  readonly tracker: Tracker;
  look(): News[];
}

/** By curve: values by step. */
type Fresh = Map<number, Map<number, number>>;

/** @param since What came before is not told. @default now */
export function watchRuns(tracker: Tracker, since = tracker.cursors()): Watch {
  let { event } = since;
  /** The last report told, by run. */
  const reports = new Map<string, number>();
  /** Lines as last told: of runs by id, of stages by run and key, of trials by run, row and seed. */
  const lines = new Map<string, string>();
  /** Curves that have been named, by run and number. */
  const named = new Set<string>();
  let atWork: readonly string[] = [];

  const isNew = (name: string, line: unknown): boolean => {
    const text = JSON.stringify(line);
    if (lines.get(name) === text) return false;
    lines.set(name, text);
    return true;
  };
  const lookAt = (run: RunRecord, events: readonly EventRecord[], fresh: Fresh): News[] => {
    const line = runLine(run);
    const told: News[] = [];
    if (isNew(run.id, line) || events.length > 0) {
      const stages = stageLines(tracker, run).filter((stage) => isNew(`${run.id} ${stage.key}`, stage));
      const trials = trialLines(tracker, run).filter((trial) => isNew(`${run.id} ${trial.row} ${trial.seed}`, trial));
      told.push({ what: 'run', run: line, trials, stages, events: events.map(runEvent) });
    }
    for (const { id, points } of tracker.metricsAfter(run.id, reports.get(run.id) ?? since.report)) {
      reports.set(run.id, id);
      for (const { curve, stageKey: stage, item, name, step, value } of points) {
        if (!fresh.has(curve)) fresh.set(curve, new Map());
        fresh.get(curve)!.set(step, value);
        if (named.has(`${run.id} ${curve}`)) continue;
        named.add(`${run.id} ${curve}`);
        told.push({ what: 'curve', run: run.id, curve: { id: curve, stage, item, name } });
      }
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
      const fresh: Fresh = new Map();
      const told = [...ids].flatMap((id) => {
        const run = runOrNull(tracker, id);
        const own = happened.filter(({ runId }) => runId === id);
        return run === null ? [] : lookAt(run, own, fresh);
      });
      if (fresh.size > 0) told.push({ what: 'points', curves: curvesOf(fresh) });
      return told;
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

const curvesOf = (fresh: Fresh): Extract<News, { what: 'points' }>['curves'] =>
  [...fresh].map(([curve, points]) => [curve, [...points].map(([step, value]) => point(step, value))]);
