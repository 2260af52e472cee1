// The list of runs: searched, filtered and sorted by the server, drawn a window at a time.
import { useState } from 'preact/hooks';
import type { RunsAnswer, RunsQuery } from '../../api/runs.ts';
import { useAnswer } from '../data/ask.ts';
import { useNews } from '../data/live.ts';
import { ColumnChoice } from '../parts/column-choice.tsx';
import { Problem } from '../parts/problem.tsx';
import { Search } from '../parts/search.tsx';
import { addressOf, replacePlace, type Place } from '../place.ts';
import { columnNames, RunRows, usualColumns } from './run-rows.tsx';
import { Views } from './views.tsx';

type ListPlace = Extract<Place, { page: 'runs' }>;

const statuses = ['running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const;

export function RunsPage({ place }: { readonly place: ListPlace }) {
  const query = { status: undefined, text: '', sort: 'started', order: 'descending', ...place.query } as RunsQuery;
  const [columns, setColumns] = useState(storedColumns);
  const words = new URLSearchParams(addressOf(place).split('?')[1] ?? '');
  words.set('limit', '0');
  const count = useAnswer<RunsAnswer>(`/api/runs?${words.toString()}`);
  const ask = (change: Partial<RunsQuery>): void => {
    const { status, text, sort, order } = { ...query, ...change };
    replacePlace({ page: 'runs', query: { ...(status && { status }), text, sort, order } });
  };
  useNews(() => {}, count.again, [count.again]);
  return (
    <>
      <div class="head">
        <h1>Runs</h1>
        <p class="quiet">{count.data?.folder}</p>
      </div>
      <Views shown="runs" />
      <form class="controls" role="search" onSubmit={(event) => event.preventDefault()}>
        <Search text={query.text} hint="name, title, error" onText={(text) => ask({ text })} />
        <label>
          <span>Status</span>
          <select
            value={query.status ?? ''}
            onChange={({ currentTarget }) => ask({ status: (currentTarget.value || undefined) as RunsQuery['status'] })}
          >
            <option value="">all</option>
            {statuses.map((status) => (
              <option key={status} value={status}>
                {status}
              </option>
            ))}
          </select>
        </label>
        <ColumnChoice
          all={columnNames}
          shown={columns}
          onChange={(shown) => {
            localStorage.setItem(columnsKey, JSON.stringify(shown));
            setColumns(shown);
          }}
        />
        <p class="quiet count" role="status">
          {count.data === null ? '' : count.data.total === 1 ? '1 run' : `${count.data.total} runs`}
        </p>
      </form>
      {count.error !== null && <Problem text={count.error} />}
      {count.data !== null && (
        <RunRows query={query} total={count.data.total} shown={columns} onSort={ask} onNewRun={count.again} />
      )}
      {count.data?.total === 0 && <Nothing isFiltered={query.text !== '' || query.status !== undefined} />}
    </>
  );
}

const columnsKey = 'columns of runs';

function storedColumns(): readonly string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(columnsKey) ?? '');
    if (Array.isArray(stored)) return columnNames.filter((name) => stored.includes(name));
  } catch {
    // None have been chosen.
  }
  return usualColumns;
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }) {
  return isFiltered ? (
    <p class="nothing">No run is like that.</p>
  ) : (
    <p class="nothing">
      No runs here yet: start one with <code>calm-orch run experiments/ablation-mfam.yaml</code>. It appears by itself.
    </p>
  );
}
