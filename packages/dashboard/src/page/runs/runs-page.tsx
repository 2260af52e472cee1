// The list of runs: searched, filtered and sorted by the server, drawn a window at a time.
import { useEffect, useRef } from 'preact/hooks';
import type { RunsAnswer, RunsQuery } from '../../api/runs.ts';
import { useAnswer } from '../data/ask.ts';
import { useNews } from '../data/live.ts';
import { Problem } from '../parts/problem.tsx';
import { addressOf, replacePlace, type Place } from '../place.ts';
import { RunRows } from './run-rows.tsx';

type ListPlace = Extract<Place, { page: 'runs' }>;

const statuses = ['running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const;

export function RunsPage({ place }: { readonly place: ListPlace }) {
  const query = { status: undefined, text: '', sort: 'started', order: 'descending', ...place.query } as RunsQuery;
  const search = useRef<HTMLInputElement>(null);
  const words = new URLSearchParams(addressOf(place).split('?')[1] ?? '');
  words.set('limit', '0');
  const count = useAnswer<RunsAnswer>(`/api/runs?${words.toString()}`);
  const ask = (change: Partial<RunsQuery>): void => {
    const { status, text, sort, order } = { ...query, ...change };
    replacePlace({ page: 'runs', query: { ...(status && { status }), text, sort, order } });
  };
  useNews(() => {}, count.again, [count.again]);
  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      search.current?.focus();
    };
    addEventListener('keydown', focus);
    return () => removeEventListener('keydown', focus);
  }, []);
  return (
    <>
      <div class="head">
        <h1>Runs</h1>
        <p class="quiet">{count.data?.folder}</p>
      </div>
      <form class="controls" role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          <span>Search</span>
          <input
            ref={search}
            type="search"
            placeholder="name, title, error ( / )"
            value={query.text}
            onInput={({ currentTarget }) => ask({ text: currentTarget.value })}
          />
        </label>
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
        <p class="quiet count" role="status">
          {count.data === null ? '' : count.data.total === 1 ? '1 run' : `${count.data.total} runs`}
        </p>
      </form>
      {count.error !== null && <Problem text={count.error} />}
      {count.data !== null && <RunRows query={query} total={count.data.total} onSort={ask} onNewRun={count.again} />}
      {count.data?.total === 0 && <Nothing isFiltered={query.text !== '' || query.status !== undefined} />}
    </>
  );
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
