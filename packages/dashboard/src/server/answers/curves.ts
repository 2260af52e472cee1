// The curves of a run: of all stages of a kind, one by one or the seeds of a row together, and every point as a file.
import { stageLabel } from '@calm-orch/core';
import type { CurveQuery, RunStageRecord, Tracker } from '@calm-orch/tracker';
import { z } from 'zod';
import { bandsAnswer, curvesAnswer, curvesQuery, type Band } from '../../api/runs.ts';
import { isoTime, point } from '../lines.ts';
import { rawRoute, route } from '../route.ts';
import { runOf } from './run.ts';

export const curvesRoute = route({
  path: '/api/runs/{run}/curves',
  summary: 'The curves of all stages of a kind',
  query: curvesQuery,
  answer: curvesAnswer,
  handle: (asked) => {
    const { tracker, run } = runOf(asked);
    const keys = new Set(ofKind(tracker, run.id, asked.query.kind).map(({ key }) => key));
    const curves = tracker.listCurves(run.id).filter(({ stageKey }) => keys.has(stageKey));
    return {
      curves: curves.map(({ curve, stageKey, item, name }) => ({
        id: curve,
        stage: stageKey,
        item,
        name,
        points: tracker
          .metricCurve(stageKey, name, { item, ...rangeOf(asked.query) })
          .points.map(([step, value]) => point(step, value)),
      })),
    };
  },
});

export const bandsRoute = route({
  path: '/api/runs/{run}/bands',
  summary: 'The curves of all stages of a kind, the seeds of a row together: mean, least and greatest',
  query: curvesQuery,
  answer: bandsAnswer,
  handle: (asked) => {
    const { tracker, run } = runOf(asked);
    const rows = new Map<string, RunStageRecord[]>();
    for (const stage of ofKind(tracker, run.id, asked.query.kind)) {
      const label = [...new Set(stage.trials.map(({ row }) => row))].join(', ');
      rows.set(label, [...(rows.get(label) ?? []), stage]);
    }
    const all = tracker.listCurves(run.id);
    const curves: number[] = [];
    const bands = [...rows].flatMap(([label, stages]): Band[] => {
      const seeds = [...new Set(stages.flatMap(({ trials }) => trials.map(({ seed }) => seed)))].sort((a, b) => a - b);
      const keys = stages.map(({ key }) => key);
      const own = all.filter(({ stageKey }) => keys.includes(stageKey));
      curves.push(...own.map(({ curve }) => curve));
      return [...new Set(own.map(({ name }) => name))].map((name) => {
        return { label, name, seeds, points: tracker.metricBand(keys, name, rangeOf(asked.query)) };
      });
    });
    return { bands, curves };
  },
});

export const pointsRoute = rawRoute({
  path: '/api/runs/{run}/points.csv',
  summary: 'Every point of every curve of a run, as recorded last',
  query: z.object({}),
  media: 'text/csv',
  handle: (asked) => {
    const { tracker, run } = runOf(asked);
    const stages = tracker.listRunStages(run.id);
    const heads = new Map(
      stages.map((one) => [one.key, [one.key, one.kind, stageLabel(one, run.trials)].map(cell).join()]),
    );
    function* lines(): Generator<string> {
      yield 'stage,kind,label,item,name,step,value,recorded\n';
      for (const part of tracker.exportMetrics(run.id))
        yield part
          .map(
            ({ stageKey, item, name, step, value, atMs }) =>
              `${heads.get(stageKey)},${item},${cell(name)},${step},${value},${isoTime(atMs) ?? ''}\n`,
          )
          .join('');
    }
    return { type: 'text/csv; charset=utf-8', body: lines(), file: `${run.id}-points.csv` };
  },
});

const ofKind = (tracker: Tracker, runId: string, wanted: string): RunStageRecord[] =>
  tracker.listRunStages(runId).filter(({ kind }) => kind === wanted);

const rangeOf = ({ from, to }: z.infer<typeof curvesQuery>): CurveQuery => ({
  ...(from !== undefined && { from }),
  ...(to !== undefined && { to }),
});

/** Quoted where a comma, a quotation mark or a line break asks for it. */
const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
