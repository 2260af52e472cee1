// Rows of the list of runs.
import type { ComponentChildren } from 'preact';
import { useCallback } from 'preact/hooks';
import type { RunLine, RunsAnswer, RunsQuery } from '../../api/runs.ts';
import { ask } from '../data/ask.ts';
import { useNews } from '../data/live.ts';
import { drawn, useRows, useView } from '../data/use-rows.ts';
import { Gap } from '../parts/gap.tsx';
import { localTime, took } from '../parts/format.ts';
import { SortHead } from '../parts/sort-head.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { addressOf } from '../place.ts';

/** As in page.css. */
const rowPixels = 36;

interface Column {
  readonly name: string;
  readonly sort?: RunsQuery['sort'];
  readonly class: string;
  readonly cell: (run: RunLine) => ComponentChildren;
}

/** After the run's name, in this order. */
const columns: readonly Column[] = [
  { name: 'Status', sort: 'status', class: 'status', cell: ({ status }) => <StateBadge state={status} /> },
  {
    name: 'Started',
    sort: 'started',
    class: 'started',
    cell: ({ started }) => (started === null ? '' : localTime(started)),
  },
  { name: 'Took', sort: 'duration', class: 'took', cell: took },
  {
    name: 'Trials',
    sort: 'trials',
    class: 'trials',
    cell: ({ numFinishedTrials, numTrials }) => `${numFinishedTrials}/${numTrials}`,
  },
  { name: 'Experiment', sort: 'experiment', class: 'experiment', cell: ({ experiment }) => experiment },
  {
    name: 'Title',
    class: 'title',
    cell: ({ error, title, tags }) => (
      <span title={error ?? title}>
        {tags.length > 0 && <strong>{tags.join(' ')} </strong>}
        {error ?? title}
      </span>
    ),
  },
];
export const columnNames = columns.map(({ name }) => name);
export const usualColumns = columnNames.filter((name) => name !== 'Experiment');

interface Props {
  readonly query: RunsQuery;
  readonly total: number;
  /** Names of columns. */
  readonly shown: readonly string[];
  readonly onSort: (change: Partial<RunsQuery>) => void;
  /** A run that is in no page yet has news. */
  readonly onNewRun: () => void;
}

export function RunRows({ query, total, shown, onSort, onNewRun }: Props) {
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
  const drawnColumns = columns.filter(({ name }) => shown.includes(name));
  return (
    <div class="rows" ref={box} onScroll={look} tabIndex={0} role="region" aria-label="Runs">
      <table class="runs" aria-rowcount={total + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <Head name="Run" sort="id" class="run" {...{ query, onSort }} />
            {drawnColumns.map(({ name, sort: own, class: look }) =>
              own === undefined ? (
                <th key={name} scope="col" class={look}>
                  {name}
                </th>
              ) : (
                <Head key={name} name={name} sort={own} class={look} {...{ query, onSort }} />
              ),
            )}
          </tr>
        </thead>
        <tbody>
          <Gap pixels={from * rowPixels} />
          {Array.from({ length: Math.max(0, to - from) }, (_, i) => (
            <Row key={from + i} index={from + i} run={rows.get(from + i)} columns={drawnColumns} />
          ))}
          <Gap pixels={(total - to) * rowPixels} />
        </tbody>
      </table>
    </div>
  );
}

type HeadProps = Pick<Props, 'query' | 'onSort'> & Required<Pick<Column, 'name' | 'sort' | 'class'>>;

function Head({ name, sort, class: className, query, onSort }: HeadProps) {
  return (
    <SortHead
      {...{ name, className }}
      order={query.sort === sort ? query.order : undefined}
      onSort={(order) => onSort({ sort, order })}
    />
  );
}

interface RowProps {
  readonly index: number;
  readonly run: RunLine | undefined;
  readonly columns: readonly Column[];
}

function Row({ index, run, columns: shown }: RowProps) {
  if (run === undefined)
    return (
      <tr class="row" aria-rowindex={index + 2}>
        <td colSpan={shown.length + 1}>…</td>
      </tr>
    );
  return (
    <tr class="row" aria-rowindex={index + 2}>
      <th scope="row" class="run">
        <a href={addressOf({ page: 'run', run: run.run })}>{run.run}</a>
      </th>
      {shown.map(({ name, class: look, cell }) => (
        <td key={name} class={look}>
          {cell(run)}
        </td>
      ))}
    </tr>
  );
}
