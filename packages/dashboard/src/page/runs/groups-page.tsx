// Trials of all runs, grouped by everything but the seed: metrics as mean, standard deviation and number.
import type { GroupLine, GroupsAnswer, GroupsQuery } from '../../api/groups.ts';
import { ask, useAnswer } from '../data/ask.ts';
import { useNews } from '../data/live.ts';
import { drawn, useRows, useView } from '../data/use-rows.ts';
import { ColumnChoice } from '../parts/column-choice.tsx';
import { Gap } from '../parts/gap.tsx';
import { Problem } from '../parts/problem.tsx';
import { Search } from '../parts/search.tsx';
import { SortHead } from '../parts/sort-head.tsx';
import { addressOf, replacePlace, type Place } from '../place.ts';
import { Views } from './views.tsx';

type GroupsPlace = Extract<Place, { page: 'groups' }>;

export function GroupsPage({ place: { query = {} } }: { readonly place: GroupsPlace }) {
  const words = addressOf({ page: 'groups', query }).split('?')[1] ?? '';
  const { data, error, again } = useAnswer<GroupsAnswer>(`/api/groups?${words}&limit=0`, 'groups');
  const go = (change: Partial<GroupsQuery>): void => replacePlace({ page: 'groups', query: { ...query, ...change } });
  useEvaluations(again);
  return (
    <>
      <div class="head">
        <h1>Trials over seeds</h1>
        <p class="quiet">of all runs, grouped by everything but the seed</p>
      </div>
      <Views shown="groups" />
      <form class="controls" role="search" onSubmit={(event) => event.preventDefault()}>
        <Search text={query.text ?? ''} hint="experiment, row" onText={(text) => go({ text })} />
        {data !== null && (
          <ColumnChoice
            all={data.metrics}
            shown={query.metrics?.split(',') ?? data.shown}
            onChange={(shown) =>
              go({
                metrics: shown.length === 0 ? undefined : shown.join(),
                by: shown.includes(data.by!) ? data.by! : undefined,
              })
            }
          />
        )}
        <p class="quiet count" role="status">
          {data === null ? '' : data.total === 1 ? '1 group' : `${data.total} groups`}
        </p>
      </form>
      {error !== null && <Problem text={error} />}
      {data !== null && data.total > 0 && <Groups {...data} query={query} words={words} onSort={go} />}
      {data?.total === 0 && <p class="nothing">No trial like that has been evaluated (yet).</p>}
    </>
  );
}

/** Asks again once a trial has been evaluated. */
function useEvaluations(again: () => void): void {
  useNews(
    (news) => {
      const isEvaluated = ({ kind, state }: { kind: string; state: string }): boolean =>
        kind.startsWith('evaluate') && (state === 'done' || state === 'reused');
      if (news.what === 'run' && news.stages.some(isEvaluated)) again();
    },
    again,
    [again],
  );
}

/** As in page.css. */
const rowPixels = 36;

interface Props extends Pick<GroupsAnswer, 'total' | 'shown' | 'by'> {
  readonly query: Partial<GroupsQuery>;
  readonly words: string;
  readonly onSort: (change: Partial<GroupsQuery>) => void;
}

function Groups({ total, shown, by, query: { sort = 'newest', order = 'descending' }, words, onSort }: Props) {
  const { box, view, look } = useView(rowPixels, words);
  const { rows, again } = useRows<GroupLine>(words, view, total, async (offset, limit) => {
    return (await ask<GroupsAnswer>(`/api/groups?${words}&offset=${offset}&limit=${limit}`)).groups;
  });
  // A seed more changes a group, and not how many there are.
  useEvaluations(again);
  const { from, to } = drawn(view, total);
  const head = (name: string, own: GroupsQuery['sort'], metric?: string) => (
    <SortHead
      key={name}
      name={name}
      className={metric === undefined ? own : 'number'}
      order={sort === own && (metric === undefined || metric === by) ? order : undefined}
      onSort={(next) => onSort({ sort: own, order: next, ...(metric !== undefined && { by: metric }) })}
    />
  );
  return (
    <div class="rows" ref={box} onScroll={look} tabIndex={0} role="region" aria-label="Trials over seeds">
      <table class="runs groups" aria-rowcount={total + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {head('Row', 'row')}
            <th scope="col" class="experiment">
              Experiment
            </th>
            {shown.map((metric) => head(metric, 'mean', metric))}
            <th scope="col" class="number seeds">
              n
            </th>
            {head('Newest run', 'newest')}
          </tr>
        </thead>
        <tbody>
          <Gap pixels={from * rowPixels} />
          {Array.from({ length: Math.max(0, to - from) }, (_, i) => (
            <Group key={from + i} index={from + i} group={rows.get(from + i)} {...{ shown, by }} />
          ))}
          <Gap pixels={(total - to) * rowPixels} />
        </tbody>
      </table>
    </div>
  );
}

type GroupProps = Pick<Props, 'shown' | 'by'> & { readonly index: number; readonly group: GroupLine | undefined };

function Group({ index, group, shown, by }: GroupProps) {
  if (group === undefined)
    return (
      <tr class="row" aria-rowindex={index + 2}>
        <td colSpan={shown.length + 4}>…</td>
      </tr>
    );
  const { experiment, row, configuration, run, seeds, values } = group;
  return (
    <tr class="row" aria-rowindex={index + 2}>
      <th scope="row" class="row" title={`configuration ${configuration.slice(0, 12)}`}>
        {row}
      </th>
      <td class="experiment">{experiment}</td>
      {shown.map((metric) => (
        <td key={metric} class="number">
          {textOf(values[metric])}
        </td>
      ))}
      <td class="number seeds" title={`seeds ${seeds.join(', ')}`}>
        {(by === null ? undefined : values[by])?.n ?? '–'}
      </td>
      <td class="newest">
        <a href={addressOf({ page: 'run', run })}>{run}</a>
      </td>
    </tr>
  );
}

function textOf(value: GroupLine['values'][string] | undefined): string {
  if (value === undefined || value.mean === null) return '–';
  return value.std === null ? value.mean.toFixed(3) : `${value.mean.toFixed(3)} ± ${value.std.toFixed(3)}`;
}
