// The tables of a run in the paper's layout, with the verdicts on its claims, and copies for pasting.
import type { TablesAnswer } from '../../api/tables.ts';
import { useAnswer } from '../data/ask.ts';
import { useNews } from '../data/live.ts';
import { Problem } from '../parts/problem.tsx';
import { addressOf, type Place } from '../place.ts';
import { CopyButton } from './copy-button.tsx';
import { PaperTable } from './paper-table.tsx';

type TablesPlace = Extract<Place, { page: 'tables' }>;

const formats = { latex: 'LaTeX', markdown: 'Markdown', csv: 'CSV' } as const;

export function TablesPage({ place: { name } }: { readonly place: TablesPlace }) {
  const query = name === undefined ? '' : `?name=${encodeURIComponent(name)}`;
  const { data, error, again } = useAnswer<TablesAnswer>(`/api/tables${query}`);
  useNews(
    (news) => {
      // A number is there once an evaluation has succeeded.
      const isOwn = news.what === 'run' && (data === null || news.run.run === data.run);
      if (isOwn && news.stages.some(({ kind, state }) => !/^(pretrain|finetune)/.test(kind) && state === 'done'))
        again();
      else if (isOwn && news.run.ended !== null) again();
    },
    again,
    [data, again],
  );
  return (
    <>
      <div class="head">
        <h1>Tables</h1>
        {data !== null && (
          <p class="quiet">
            of run <a href={addressOf({ page: 'run', run: data.run })}>{data.run}</a>
          </p>
        )}
        {data !== null && (
          <div class="copies" role="group" aria-label="Copy all tables as">
            {(['latex', 'markdown', 'csv'] as const).map((format) => (
              <CopyButton key={format} label={`Copy ${formats[format]}`} text={data.copies[format]} />
            ))}
          </div>
        )}
      </div>
      {error !== null && <Problem text={error} />}
      {data === null && error === null && <p class="nothing">Reading and judging the tables…</p>}
      {data?.tables.map(({ layout, json }) => (
        <PaperTable key={json.table} id={json.table} layout={layout} verdicts={json.verdicts ?? []} />
      ))}
    </>
  );
}
