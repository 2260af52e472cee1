// Where in the page one is, as the part of the address behind `#`: it can be kept, sent and gone back to.
import { useEffect, useState } from 'preact/hooks';
import type { RunsQuery } from '../api/runs.ts';

/** What of the list of runs is asked for. */
export type ListQuery = Partial<Pick<RunsQuery, 'status' | 'text' | 'sort' | 'order'>>;

export type Place =
  | { readonly page: 'runs'; readonly query?: ListQuery }
  | { readonly page: 'run'; readonly run: string; readonly stage?: string; readonly log?: string }
  | { readonly page: 'tables'; readonly name?: string };

export function addressOf(place: Place): string {
  const part = encodeURIComponent;
  switch (place.page) {
    case 'runs': {
      const query = new URLSearchParams(
        Object.entries(place.query ?? {}).filter(([, value]) => value !== ''),
      ).toString();
      return query === '' ? '#/runs' : `#/runs?${query}`;
    }
    case 'run':
      if (place.stage !== undefined) return `#/run/${part(place.run)}/stage/${part(place.stage)}`;
      if (place.log !== undefined) return `#/run/${part(place.run)}/log/${part(place.log)}`;
      return `#/run/${part(place.run)}`;
    case 'tables':
      return place.name === undefined ? '#/tables' : `#/tables/${part(place.name)}`;
  }
}

/** The list of runs for what is no address of the page. */
export function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [page, name, what, which] = path.split('/').map(decoded);
  if (page === 'run' && name) {
    if (what === 'stage' && which) return { page, run: name, stage: which };
    if (what === 'log' && which) return { page, run: name, log: which };
    return { page, run: name };
  }
  if (page === 'tables') return name ? { page, name } : { page };
  return { page: 'runs', query: Object.fromEntries(new URLSearchParams(query)) };
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
