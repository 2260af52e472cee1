// A question the server answers: where, with what parameters, and what its answer holds. The table of routes is what
// requests are matched against and what the OpenAPI description is made of, so that the two cannot differ.
import { CalmError } from '@calm-orch/core';
import type { z } from 'zod';
import type { PageSources } from './sources.ts';
import type { RunFolder } from './run-folder.ts';

export interface Asked<Query> {
  readonly folder: RunFolder;
  readonly sources: PageSources;
  /** Parts of the path, by name. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Query;
  /** Of a POST: read as it comes, bounded; of others empty. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface Route {
  /** What POST sends is looked at and kept nowhere. @default GET */
  readonly method?: 'POST';
  /** `/api/runs/{run}`. */
  readonly path: string;
  readonly summary: string;
  readonly query: z.ZodObject;
  /** What the JSON of its answer holds; of another kind of answer its media type. */
  readonly answer: z.ZodType | string;
  /** The answer to a query that is as `query` says, checked. */
  readonly handle: (asked: Asked<unknown>) => Promise<Reply>;
}

export interface Reply {
  readonly type: string;
  /** Parts are made as fast as they are read. */
  readonly body: string | Buffer | Iterable<string>;
  /** How long a browser may keep it. @default not at all */
  readonly cache?: string;
  /** Under what name a browser saves it. @default it shows it */
  readonly file?: string;
}

export function route<Query extends z.ZodObject, Answer extends z.ZodType>({
  handle,
  ...what
}: {
  readonly method?: 'POST';
  readonly path: string;
  readonly summary: string;
  readonly query: Query;
  readonly answer: Answer;
  readonly handle: (asked: Asked<z.output<Query>>) => z.input<Answer> | Promise<z.input<Answer>>;
}): Route {
  return {
    ...what,
    handle: async (asked) => {
      const { data, error } = what.answer.safeParse(await handle(asked as Asked<z.output<Query>>));
      if (error === undefined) return { type: 'application/json', body: JSON.stringify(data) };
      const [{ path, message }] = error.issues as [z.core.$ZodIssue];
      throw new CalmError('internal', `the answer to ${what.path} is not as described: ${path.join('.')}: ${message}`);
    },
  };
}

/** One whose answer is no JSON. */
export function rawRoute<Query extends z.ZodObject>({
  media,
  handle,
  ...what
}: {
  readonly path: string;
  readonly summary: string;
  readonly query: Query;
  readonly media: string;
  readonly handle: (asked: Asked<z.output<Query>>) => Reply | Promise<Reply>;
}): Route {
  return { ...what, answer: media, handle: async (asked) => handle(asked as Asked<z.output<Query>>) };
}

export interface Match {
  readonly route: Route;
  readonly path: Readonly<Record<string, string>>;
}

/** @throws CalmError `invalid_argument` for a path whose parts are not UTF-8 */
export function matchRoute(routes: readonly Route[], method: 'GET' | 'POST', pathname: string): Match | null {
  const parts = pathname.split('/');
  for (const one of routes.filter((route) => (route.method ?? 'GET') === method)) {
    const wanted = one.path.split('/');
    if (wanted.length !== parts.length) continue;
    const path: Record<string, string> = {};
    const fits = wanted.every((word, i) => {
      const name = /^\{(\w+)\}$/.exec(word)?.[1];
      if (name === undefined) return word === parts[i];
      path[name] = decoded(parts[i]!);
      return path[name] !== '';
    });
    if (fits) return { route: one, path };
  }
  return null;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new CalmError('invalid_argument', `"${part}" in the address is no UTF-8 text`);
  }
}

/** @throws CalmError `invalid_argument` naming the parameter */
export function queryOf({ query }: Route, search: URLSearchParams): unknown {
  const given = Object.fromEntries([...search].filter(([name]) => name in query.shape));
  const { data, error } = query.safeParse(given);
  if (error === undefined) return data;
  const [first] = error.issues;
  throw new CalmError('invalid_argument', `${first!.path.join('.')}: ${first!.message}`);
}
