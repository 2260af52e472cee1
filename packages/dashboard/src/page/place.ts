// Where in the page one is, as the part of the address behind `#`: it can be kept, sent and gone back to.
import { useEffect, useState } from 'preact/hooks';
import type { photographSorts } from '../api/photographs.ts';
import type { GroupsQuery } from '../api/groups.ts';
import type { RunsQuery } from '../api/runs.ts';

/** What of the list of runs is asked for. */
export type ListQuery = Partial<Pick<RunsQuery, 'status' | 'text' | 'sort' | 'order'>>;

/** What of the groups of trials is asked for. */
export type GroupsPlaceQuery = Partial<Pick<GroupsQuery, 'metrics' | 'by' | 'text' | 'sort' | 'order'>>;

/** A log, or the bytes of it that an attempt wrote. */
export interface LogPart {
  readonly name: string;
  readonly from?: number;
  readonly to?: number;
}

/** A trial's photographs. */
export interface PhotographsPlace {
  readonly page: 'photographs';
  readonly run: string;
  readonly row: string;
  readonly seed: number;
  readonly view?: 'suggestions' | 'pairs' | undefined;
  readonly sort?: (typeof photographSorts)[number] | undefined;
  readonly order?: 'ascending' | 'descending' | undefined;
  /** Id of the one that is shown large. */
  readonly photo?: string | undefined;
}

export type Place =
  | PhotographsPlace
  | { readonly page: 'groups'; readonly query?: GroupsPlaceQuery }
  | { readonly page: 'runs'; readonly query?: ListQuery }
  | { readonly page: 'run'; readonly run: string; readonly stage?: string; readonly log?: LogPart }
  | { readonly page: 'tables'; readonly name?: string }
  | ComparePlace
  | TryPlace;

/** Two runs side by side; empty: not chosen yet. */
export interface ComparePlace {
  readonly page: 'compare';
  readonly a: string;
  readonly b: string;
}

/** A photograph of one's own, looked at by a trial's models. @default the newest full model */
export interface TryPlace {
  readonly page: 'try';
  readonly trial?: { readonly run: string; readonly row: string; readonly seed: number };
}

export function addressOf(place: Place): string {
  const part = encodeURIComponent;
  switch (place.page) {
    case 'runs':
    case 'groups': {
      const given = Object.entries(place.query ?? {}).filter(([, value]) => value !== '' && value !== undefined);
      const query = new URLSearchParams(given).toString();
      return query === '' ? `#/${place.page}` : `#/${place.page}?${query}`;
    }
    case 'run':
      if (place.stage !== undefined) return `#/run/${part(place.run)}/stage/${part(place.stage)}`;
      if (place.log !== undefined) {
        const { name, ...range } = place.log;
        const ends = Object.entries(range).map(([end, bytes]) => `${end}=${bytes}`);
        return `#/run/${part(place.run)}/log/${part(name)}${ends.length === 0 ? '' : `?${ends.join('&')}`}`;
      }
      return `#/run/${part(place.run)}`;
    case 'photographs': {
      const { page, run, row, seed, ...asked } = place;
      const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== undefined)).toString();
      return `#/run/${part(run)}/${page}/${part(row)}/${seed}${query === '' ? '' : `?${query}`}`;
    }
    case 'try':
      if (place.trial === undefined) return '#/try';
      return `#/try?${new URLSearchParams({ ...place.trial, seed: String(place.trial.seed) }).toString()}`;
    case 'compare': {
      const { page, ...runs } = place;
      return `#/${page}?${new URLSearchParams(runs).toString()}`;
    }
    case 'tables':
      return place.name === undefined ? '#/tables' : `#/tables/${part(place.name)}`;
  }
}

/** The list of runs for what is no address of the page. */
export function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [page, name, what, which, seed] = path.split('/').map(decoded);
  if (page === 'run' && name) {
    if (what === 'stage' && which) return { page, run: name, stage: which };
    if (what === 'log' && which)
      return { page, run: name, log: { name: which, ...rangeOf(new URLSearchParams(query)) } };
    if (what === 'photographs' && which && /^-?\d+$/.test(seed ?? ''))
      return {
        ...(Object.fromEntries(new URLSearchParams(query)) as Pick<
          PhotographsPlace,
          'view' | 'sort' | 'order' | 'photo'
        >),
        ...{ page: what, run: name, row: which, seed: Number(seed) },
      };
    return { page, run: name };
  }
  if (page === 'tables') return name ? { page, name } : { page };
  if (page === 'try') {
    const asked = new URLSearchParams(query);
    const [run, row, seed] = ['run', 'row', 'seed'].map((part) => asked.get(part));
    return run && row && /^-?\d+$/.test(seed ?? '') ? { page, trial: { run, row, seed: Number(seed) } } : { page };
  }
  if (page === 'compare') {
    const asked = new URLSearchParams(query);
    return { page, a: asked.get('a') ?? '', b: asked.get('b') ?? '' };
  }
  if (page === 'groups') return { page, query: Object.fromEntries(new URLSearchParams(query)) };
  return { page: 'runs', query: Object.fromEntries(new URLSearchParams(query)) };
}

function rangeOf(query: URLSearchParams): Omit<LogPart, 'name'> {
  const ends = (['from', 'to'] as const).filter((end) => /^\d+$/.test(query.get(end) ?? ''));
  return Object.fromEntries(ends.map((end) => [end, Number(query.get(end))]));
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  useEffect(() => {
    const follow = (): void => setPlace(placeOf(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return place;
}

/** Goes there without a step to go back. */
export function replacePlace(place: Place): void {
  history.replaceState(null, '', addressOf(place));
  dispatchEvent(new HashChangeEvent('hashchange'));
}
