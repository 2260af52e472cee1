// Rows of the list: only those in view are in the document, and only their pages are asked for, so that ten thousand runs
// are as quick as ten.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { RunLine, RunsAnswer, RunsQuery } from '../../api/runs.ts';
import { ask } from '../data/ask.ts';
import { useNews } from '../data/live.ts';
import { localTime, took } from '../parts/format.ts';
import { StateBadge } from '../parts/state-badge.tsx';
import { addressOf } from '../place.ts';

/** As in page.css. */
const rowPixels = 36;
const pageRows = 100;
/** Drawn above and below what is seen. */
const margin = 10;

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
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ first: 0, count: 40 });
  const { rows, change, again } = useRows(query, view, total);
  const look = useCallback(() => {
    const { scrollTop, clientHeight } = box.current!;
    setView({ first: Math.floor(scrollTop / rowPixels), count: Math.ceil(clientHeight / rowPixels) });
  }, []);
  useEffect(() => {
    look();
    addEventListener('resize', look);
    return () => removeEventListener('resize', look);
  }, [look]);
  useEffect(() => box.current!.scrollTo(0, 0), [status, text, sort, order]);
  useNews(
    (news) => {
      // A run that is in no row yet, or may have come into the list or left it.
      if (news.what === 'run' && (!change(news.run) || status !== undefined)) onNewRun();
    },
    again,
    [status, change, again, onNewRun],
  );
  const from = Math.max(0, view.first - margin);
  const to = Math.min(total, view.first + view.count + margin);
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
          <Gap rows={from} />
          {Array.from({ length: Math.max(0, to - from) }, (_, i) => (
            <Row key={from + i} index={from + i} run={rows.get(from + i)} />
          ))}
          <Gap rows={total - to} />
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

/** Holds the place of rows that are not drawn. */
function Gap({ rows }: { readonly rows: number }) {
  return rows <= 0 ? null : <tr aria-hidden="true" style={{ height: `${rows * rowPixels}px` }} />;
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

/** Rows that have been asked for, by their place in the list. */
function useRows(
  { status, text, sort, order }: RunsQuery,
  { first, count }: { first: number; count: number },
  total: number,
) {
  const [rows, setRows] = useState<ReadonlyMap<number, RunLine>>(new Map());
  const shown = useRef(rows);
  shown.current = rows;
  const asked = useRef(new Set<number>());
  const words = new URLSearchParams({
    ...(status && { status }),
    text,
    sort,
    order,
    limit: String(pageRows),
  }).toString();
  const [times, setTimes] = useState(0);
  // Another question, or another number of runs that answer it: all is asked for again, and shown until it is there.
  const question = `${words} ${total} ${times}`;
  const current = useRef(question);
  if (current.current !== question) {
    current.current = question;
    asked.current = new Set();
  }
  useEffect(() => {
    const from = Math.floor(Math.max(0, first - margin) / pageRows);
    const to = Math.floor((first + count + margin) / pageRows);
    for (let page = from; page <= to && page * pageRows < total; page++) {
      if (asked.current.has(page)) continue;
      asked.current.add(page);
      const offset = page * pageRows;
      ask<RunsAnswer>(`/api/runs?${words}&offset=${offset}`).then(
        ({ runs }) => {
          if (current.current !== question) return;
          setRows((old) => new Map([...old, ...runs.map((run, i) => [offset + i, run] as const)]));
        },
        () => void asked.current.delete(page),
      );
    }
  }, [question, first, count]);
  /** False: it is in none of the rows there are. */
  const change = useCallback((run: RunLine): boolean => {
    const place = [...shown.current].find(([, one]) => one.run === run.run)?.[0];
    if (place === undefined) return false;
    setRows((old) => new Map(old).set(place, run));
    return true;
  }, []);
  const again = useCallback(() => setTimes((count) => count + 1), []);
  return { rows, change, again };
}
