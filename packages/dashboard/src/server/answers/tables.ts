// A run's tables: as objects, as cells of text, and in the formats people paste, all made by what the commands print with.
import { CalmError } from '@calm-orch/core';
import { layOut, renderTables, tablesJson, type Table } from '@calm-orch/report';
import { tablesAnswer, tablesQuery, type TablesAnswer } from '../../api/tables.ts';
import { route } from '../route.ts';
import type { PageSources } from '../sources.ts';
import { rememberedUntilChange } from '../until-change.ts';

export const tablesRoute = route({
  path: '/api/tables',
  summary: 'The tables of a run, judged; for pasting as LaTeX, Markdown and CSV',
  query: tablesQuery,
  answer: tablesAnswer,
  handle: async ({ folder, sources, query }) => {
    const tracker = folder.tracker();
    if (tracker === null) throw new CalmError('not_found', `no runs in ${folder.dir} yet`);
    const run = sources.runWithTables(tracker, query.name);
    const tables = await judged(tracker, run.id, sources);
    return {
      run: run.id,
      tables: shownTables(tables),
      copies: {
        latex: renderTables(tables, 'latex'),
        markdown: renderTables(tables, 'markdown'),
        csv: renderTables(tables, 'csv'),
      },
    };
  },
});

type ShownTables = TablesAnswer['tables'];

/** As objects and as cells of text. */
export function shownTables(tables: readonly Table[]): ShownTables {
  const json = tablesJson(tables);
  return plain(tables.map((table, i) => ({ layout: layOut(table), json: json[i] as ShownTables[number]['json'] })));
}

/** Many tabs that ask for the tables of a run share one judging. */
const judged = rememberedUntilChange((tracker, runId, sources: PageSources): Promise<readonly Table[]> =>
  sources.tables(tracker.getRun(runId)),
);

/** What nobody changes: the compiler compares what the report lays out with what the schema describes. */
type Unchanging<T> = T extends object ? { readonly [K in keyof T]: Unchanging<T[K]> } : T;

/** As JSON carries it. */
const plain = (tables: Unchanging<ShownTables>): ShownTables => JSON.parse(JSON.stringify(tables)) as ShownTables;
