// What has changed in a run folder since the last look: told by the log of events, by the state of the runs at work (one
// whose coordinator was killed writes no event), and by the last step of their curves.
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import type { News } from '../api/news.ts';
import type { Curve } from '../api/runs.ts';
import { curveOf, eventOf, stageLines } from './answers/run.ts';
import { runLineOf } from './answers/runs.ts';

export interface Watch {
  readonly tracker: Tracker;
  /** In the order of what happened. */
  look(): News[];
}

const numEvents = 200;

/** @param first What the first look tells: all there is, or only what is new since now. */
export function watchRuns(tracker: Tracker, first: 'all' | 'new'): Watch {
  /** The last event told, by run. */
  const events = new Map<string, number>();
  /** Lines as last told: of runs by id, of stages by run and key. */
  const lines = new Map<string, string>();
  /** The last step told, by curve. */
  const steps = new Map<string, number>();

  const isNew = (name: string, line: unknown): boolean => {
    const text = JSON.stringify(line);
    if (lines.get(name) === text) return false;
    lines.set(name, text);
    return true;
  };
  const lookAt = (run: RunRecord): News[] => {
    const last = events.get(run.id) ?? 0;
    const happened = tracker.listEvents(run.id, numEvents).filter(({ id }) => id > last);
    const line = runLineOf(run);
    const isChanged = isNew(run.id, line) || happened.length > 0;
    if (!isChanged && run.status !== 'running') return [];
    if (happened.length > 0) events.set(run.id, happened.at(-1)!.id);
    const stages = stageLines(tracker, run);
    const changed = stages.filter((stage) => isNew(`${run.id} ${stage.key}`, stage));
    // Also of a stage that has just ended.
    const busy = stages.filter(({ key, state }) => state === 'running' || changed.some((stage) => stage.key === key));
    const curves = busy.flatMap(({ key }) => newPoints(key));
    return [
      ...(isChanged || changed.length > 0
        ? [{ what: 'run' as const, run: line, stages: changed, events: happened.map(eventOf) }]
        : []),
      ...(curves.length > 0 ? [{ what: 'points' as const, run: run.id, curves }] : []),
    ];
  };
  const newPoints = (key: string): Curve[] =>
    tracker.listMetrics(key).flatMap((curve) => {
      const name = `${key} ${curve.item} ${curve.name}`;
      const points = curve.points.filter(([step]) => step > (steps.get(name) ?? -1));
      if (points.length === 0) return [];
      steps.set(name, points.at(-1)![0]);
      return [curveOf({ ...curve, points })];
    });
  const look = (): News[] => tracker.listRuns().reverse().flatMap(lookAt);
  if (first === 'new') look();
  return { tracker, look };
}
