// A trial's photographs: tested on, degraded, augmented; and the pictures themselves, which only the place of one in a list
// of the run's own names.
import { CalmError } from '@calm-orch/core';
import { z } from 'zod';
import {
  pairsAnswer,
  pairsQuery,
  photographsAnswer,
  photographsQuery,
  residualsAnswer,
  residualsQuery,
  suggestionsAnswer,
  suggestionsQuery,
  type TestPhotograph,
} from '../../api/photographs.ts';
import { rawRoute, route, type Asked } from '../route.ts';
import { runOf } from './run.ts';
import { trialOf } from './trial.ts';

export const photographsRoute = route({
  path: '/api/runs/{run}/photographs',
  summary: 'Photographs that a trial was tested on, with what its model said',
  query: photographsQuery,
  answer: photographsAnswer,
  handle: async (asked) => {
    const { id, offset, limit } = asked.query;
    const all = await tested(asked);
    const wanted = id === undefined ? sorted(all, asked.query) : all.filter((one) => one.id === id);
    return { total: wanted.length, photographs: wanted.slice(offset, offset + limit) };
  },
});

export const residualsRoute = route({
  path: '/api/runs/{run}/residuals',
  summary: 'Scores and predictions of all photographs that a trial was tested on',
  query: residualsQuery,
  answer: residualsAnswer,
  handle: async (asked) => ({
    points: (await tested(asked)).flatMap(({ id, target, prediction }): [string, number, number][] =>
      target === null || prediction === null ? [] : [[id, target, prediction]],
    ),
  }),
});

export const suggestionsRoute = route({
  path: '/api/runs/{run}/suggestions',
  summary: 'Degraded photographs, what the model suggested, and how it was judged',
  query: suggestionsQuery,
  answer: suggestionsAnswer,
  handle: async (asked) => {
    const { offset, limit } = asked.query;
    const { tracker, runId, trial } = trialOf(asked);
    const found = await asked.sources.photographs.suggestions(tracker, runId, trial);
    const all = found?.answers ?? [];
    return { total: all.length, judge: found?.judge ?? '', suggestions: all.slice(offset, offset + limit) };
  },
});

export const pairsRoute = route({
  path: '/api/runs/{run}/pairs',
  summary: 'Augmented pairs that a trial learnt from, with their sentences',
  query: pairsQuery,
  answer: pairsAnswer,
  handle: async (asked) => {
    const { tracker, runId, trial } = trialOf(asked);
    const found = await asked.sources.photographs.pairs(tracker, runId, trial, asked.query);
    return {
      total: found?.total ?? 0,
      pairs: [...(found?.pairs ?? [])],
    };
  },
});

export const pictureRoute = rawRoute({
  path: '/api/runs/{run}/pictures/{stage}/{index}',
  summary: 'A picture that a stage of the run lists, by its place in the list',
  query: z.object({}),
  media: 'image/*',
  handle: async (asked) => {
    const { tracker, run } = runOf(asked);
    const { stage: key, index } = asked.path;
    const stage = tracker.listRunStages(run.id).find((one) => one.key === key);
    if (stage === undefined || !/^\d{1,9}$/.test(index!))
      throw new CalmError('not_found', `run ${run.id} has no picture ${index} of a stage ${key}`);
    const { type, bytes } = await asked.sources.photographs.picture(stage, Number(index));
    // What a stage of a key lists does not change.
    return { type, body: bytes, cache: 'private, max-age=86400, immutable' };
  },
});

type TrialQuery = z.infer<typeof residualsQuery>;

function tested(asked: Asked<TrialQuery>): Promise<readonly TestPhotograph[]> {
  const { tracker, runId, trial } = trialOf(asked);
  return asked.sources.photographs.test(tracker, runId, trial);
}

function sorted(
  all: readonly TestPhotograph[],
  { sort, order }: Pick<z.infer<typeof photographsQuery>, 'sort' | 'order'>,
): TestPhotograph[] {
  const sign = order === 'ascending' ? 1 : -1;
  if (sort === 'id') return [...all].sort((a, b) => sign * byName(a.id, b.id));
  const valueOf = ({ target, prediction }: TestPhotograph): number | null => {
    if (sort === 'target') return target;
    if (sort === 'prediction' || target === null || prediction === null)
      return sort === 'prediction' ? prediction : null;
    return Math.abs(prediction - target);
  };
  return [...all].sort((a, b) => {
    const [x, y] = [valueOf(a), valueOf(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || byName(a.id, b.id);
    return sign * (x - y) || byName(a.id, b.id);
  });
}

/** 2 before 10. */
const names = new Intl.Collator('en', { numeric: true });
const byName = (a: string, b: string): number => names.compare(a, b);
