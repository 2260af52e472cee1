// The list of runs.
import { runsAnswer, runsQuery } from '../../api/runs.ts';
import { runLine } from '../lines.ts';
import { route } from '../route.ts';

export const runsRoute = route({
  path: '/api/runs',
  summary: 'Runs, sorted, filtered, a page of them',
  query: runsQuery,
  answer: runsAnswer,
  handle: ({ folder, query: { status, text, sort, order, limit, offset } }) => {
    const found = folder.tracker()?.findRuns({
      ...(status && { status }),
      ...{ text, sort, limit, offset },
      descending: order === 'descending',
    });
    return { folder: folder.dir, total: found?.total ?? 0, runs: (found?.runs ?? []).map(runLine) };
  },
});
