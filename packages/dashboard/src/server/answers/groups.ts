// Trials of all runs grouped by everything but the seed.
import { tableMetrics } from '@calm-orch/core';
import type { Tracker, TrialGroup } from '@calm-orch/tracker';
import { groupsAnswer, groupsQuery } from '../../api/groups.ts';
import { route } from '../route.ts';

export const groupsRoute = route({
  path: '/api/groups',
  summary: 'Trials of all runs grouped by everything but the seed, with mean, deviation and number',
  query: groupsQuery,
  answer: groupsAnswer,
  handle: ({ folder, query: { metrics: words, by: wanted, text, sort, order, offset, limit } }) => {
    const tracker = folder.tracker();
    const known = tracker === null ? [] : tracker.metricNames();
    const metrics = tableMetrics.filter((name) => known.includes(name));
    const asked = words.split(',').filter((name) => known.includes(name));
    const shown = asked.length > 0 ? asked : metrics.slice(0, 2);
    const by = wanted !== undefined && known.includes(wanted) ? wanted : (shown[0] ?? null);
    if (tracker === null || by === null) return { total: 0, metrics, shown, by, groups: [] };
    const found = tracker.groupTrials({ metric: by, text, sort, descending: order === 'descending', offset, limit });
    const others = limit === 0 ? [] : shown.filter((metric) => metric !== by);
    const beside = others.map((metric) => [metric, groupsOf(tracker, metric)] as const);
    return {
      total: found.total,
      metrics,
      shown,
      by,
      groups: found.groups.map((group) => {
        const { experiment, row, configuration, runId: run, seeds } = group;
        const values = beside.flatMap(([metric, all]) => {
          const own = all.get(nameOf(group));
          return own === undefined ? [] : [[metric, valueOf(own)] as const];
        });
        return {
          ...{ experiment, row, configuration, run, seeds: [...seeds] },
          values: Object.fromEntries([[by, valueOf(group)], ...values]),
        };
      }),
    };
  },
});

const nameOf = ({ experiment, row, configuration }: TrialGroup): string =>
  JSON.stringify([experiment, row, configuration]);

const valueOf = ({ mean, std, n }: TrialGroup) => ({ mean, std, n });

/** By name. */
const groupsOf = (tracker: Tracker, metric: string): ReadonlyMap<string, TrialGroup> =>
  new Map(tracker.groupTrials({ metric }).groups.map((group) => [nameOf(group), group]));
