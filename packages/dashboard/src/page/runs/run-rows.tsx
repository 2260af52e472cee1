// Rows of the list of runs.
import { useCallback } from 'preact/hooks';
import type { RunLine, RunsAnswer, RunsQuery } from '../../api/runs.ts';
import { ask } from '../data/ask.ts';
import { useNews } from '../data/live.ts';
import { drawn, useRows, useView } from '../data/use-rows.ts';
import { Gap } from '../parts/gap.tsx';
import { localTime, took } from '../parts/format.ts';
import { StateBadge } from '../parts/state-badge.tsx';
import { addressOf } from '../place.ts';

/** As in page.css. */
const rowPixels = 36;

const columns: readonly { readonly name: string; readonly sort?: RunsQuery['sort']; readonly class: string }[] = [
  { name: 'Run', sort: 'id', class: 'run' },
  { name: 'Status', sort: 'status', class: 'status' },
  { name: 'Started', sort: 'started', class: 'started' },
  { name: 'Took', sort: 'duration', class: 'took' },
  { name: 'Trials', sort: 'trials', class: 'trials' },
  { name: 'Title', class: 'title' },
];

interface Props {
  readonly query: RunsQuery;
  readonly total: number;
  readonly onSort: (change: Partial<RunsQuery>) => void;
  /** A run that is in no page yet has news. */
  readonly onNewRun: () => void;
}

export function RunRows({ query, total, onSort, onNewRun }: Props) {
  const { status, text, sort, order } = query;
  const question = new URLSearchParams({ ...(status && { status }), text, sort, order }).toString();
  const { box, view, look } = useView(rowPixels, question);
  const { rows, change, again } = useRows<RunLine>(question, view, total, async (offset, limit) => {
    return (await ask<RunsAnswer>(`/api/runs?${question}&offset=${offset}&limit=${limit}`)).runs;
  });
  const isShown = useCallback((run: RunLine) => change(run, (one) => one.run === run.run), [change]);
  useNews(
    (news) => {
      // A run that is in no row yet, or may have come into the list or left it.
      if (news.what === 'run' && (!isShown(news.run) || status !== undefined)) onNewRun();
    },
    again,
    [status, isShown, again, onNewRun],
  );
  const { from, to } = drawn(view, total);
  return (
    <div class="rows" ref={box} onScroll={look} tabIndex={0} role="region" aria-label="Runs">
      <table class="runs" aria-rowcount={total + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <th
                key={column.name}
                scope="col"
                class={column.class}
                aria-sort={column.sort === undefined || column.sort !== sort ? undefined : order}
              >
                {column.sort === undefined ? column.name : <SortButton {...{ column, query, onSort }} />}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Gap pixels={from * rowPixels} />
          {Array.from({ length: Math.max(0, to - from) }, (_, i) => (
            <Row key={from + i} index={from + i} run={rows.get(from + i)} />
          ))}
          <Gap pixels={(total - to) * rowPixels} />
        </tbody>
      </table>
    </div>
  );
}

function SortButton({
  column,
  query: { sort, order },
  onSort,
}: Pick<Props, 'query' | 'onSort'> & { readonly column: (typeof columns)[number] }) {
  const isSorted = column.sort === sort;
  const next = isSorted && order === 'descending' ? 'ascending' : 'descending';
  return (
    <button type="button" onClick={() => onSort({ sort: column.sort!, order: next })}>
      {column.name}
      <span aria-hidden="true">{isSorted ? (order === 'ascending' ? ' ↑' : ' ↓') : ''}</span>
    </button>
  );
}

function Row({ index, run }: { readonly index: number; readonly run: RunLine | undefined }) {
  if (run === undefined)
    return (
      <tr class="row" aria-rowindex={index + 2}>
        <td colSpan={columns.length}>…</td>
      </tr>
    );
  return (
    <tr class="row" aria-rowindex={index + 2}>
      <th scope="row" class="run">
        <a href={addressOf({ page: 'run', run: run.run })}>{run.run}</a>
      </th>
      <td class="status">
        <StateBadge state={run.status} />
      </td>
      <td class="started">{run.started === null ? '' : localTime(run.started)}</td>
      <td class="took">{took(run)}</td>
      <td class="trials">
        {run.numFinishedTrials}/{run.numTrials}
      </td>
      <td class="title" title={run.error ?? run.title}>
        {run.error ?? run.title}
      </td>
    </tr>
  );
}
