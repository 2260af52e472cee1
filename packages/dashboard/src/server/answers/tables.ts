// A run's tables: as objects, as cells of text, and in the formats people paste, all made by what the commands print with.
import { CalmError } from '@calm-orch/core';
import { layOut, renderTables, tablesJson } from '@calm-orch/report';
import { tablesAnswer, tablesQuery, type TablesAnswer } from '../../api/tables.ts';
import { route } from '../route.ts';

export const tablesRoute = route({
  path: '/api/tables',
  summary: 'The tables of a run, judged; for pasting as LaTeX, Markdown and CSV',
  query: tablesQuery,
  answer: tablesAnswer,
  handle: async ({ folder, sources, query }) => {
    const tracker = folder.tracker();
    if (tracker === null) throw new CalmError('not_found', `no runs in ${folder.dir} yet`);
    const run = sources.runWithTables(tracker, query.name);
    const tables = await sources.tables(run);
    const json = tablesJson(tables);
    return plain<TablesAnswer>({
      run: run.id,
      tables: tables.map((table, i) => ({ layout: layOut(table), json: json[i] })),
      copies: {
        latex: renderTables(tables, 'latex'),
        markdown: renderTables(tables, 'markdown'),
        csv: renderTables(tables, 'csv'),
      },
    });
  },
});

/** As JSON carries it: the answer's schema is of what arrives. */
const plain = <T>(value: unknown): T => JSON.parse(JSON.stringify(value)) as T;
