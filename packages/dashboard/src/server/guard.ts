// Who may ask: the page's own origin, under a name this server is known by, and away from this machine whoever has the
// token. A foreign site whose name was made to lead here (DNS rebinding) sends its own name, and is refused.
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { networkInterfaces, hostname } from 'node:os';

export interface GuardOptions {
  /** The host asked for, as `--host` names it. */
  readonly host: string;
  /** Null on this machine's own addresses, where no token is asked for. */
  readonly token: string | null;
  /** Paths that something may be sent to. @default none */
  readonly takesPost?: (pathname: string) => boolean;
}

export interface Guard {
  /** Null: go on. @throws CalmError `invalid_argument` for a path that is no UTF-8 */
  refuse(request: IncomingMessage, url: URL): Refusal | null;
  /** The header that lets a browser which has shown the token once go on without it in the address. */
  readonly cookie: string | null;
}

export interface Refusal {
  readonly status: 401 | 403 | 405;
  readonly message: string;
}

const loopback = ['localhost', '127.0.0.1', '[::1]'];
const everyAddress = ['0.0.0.0', '[::]'];

/** As it stands in an address: IPv6 in brackets. */
export const inAddress = (host: string): string => (host.includes(':') ? `[${host}]` : host.toLowerCase());

/** By which others reach a server that listens on `host`: no request can be sent to every address. */
export const reachableName = (host: string): string =>
  everyAddress.includes(inAddress(host)) ? hostname() : inAddress(host);

export const isLoopback = (host: string): boolean => loopback.includes(inAddress(host)) || host.startsWith('127.');

export function createGuard({ host, token, takesPost = () => false }: GuardOptions): Guard {
  const names = namesOf(inAddress(host));
  const cookieName = 'calm-orch-token';
  return {
    cookie: token === null ? null : `${cookieName}=${token}; HttpOnly; SameSite=Strict; Path=/`,
    refuse: (request, url) => {
      const { host: asked = '', origin, cookie = '', 'sec-fetch-site': site } = request.headers;
      const isPost = request.method === 'POST' && takesPost(url.pathname);
      if (!isPost && request.method !== 'GET' && request.method !== 'HEAD')
        return { status: 405, message: 'the page only reads: GET and HEAD are answered' };
      if (!names.has(asked.toLowerCase().replace(/:\d+$/, '')))
        return {
          status: 403,
          message: `this server is not known as "${asked.slice(0, 100)}": ask for it by the address it printed`,
        };
      // A browser says where a POST comes from; what does not say it is told apart from no other site.
      if (origin === undefined ? isPost : origin !== `http://${asked}`)
        return { status: 403, message: 'another site may not read this one' };
      if (url.pathname.startsWith('/api/') && (site === 'cross-site' || site === 'same-site'))
        return { status: 403, message: 'another site may not read this one' };
      if (token === null) return null;
      const shown = url.searchParams.get('token') ?? new RegExp(`(?:^|; )${cookieName}=([^;]*)`).exec(cookie)?.[1];
      return shown !== undefined && isEqual(shown, token)
        ? null
        : { status: 401, message: 'the token is missing or wrong: open the whole address that `calm-orch ui` printed' };
    },
  };
}

/** A server on every address is known by each of them, and by the machine's name. */
function namesOf(host: string): ReadonlySet<string> {
  if (!everyAddress.includes(host)) return new Set([...loopback, host]);
  const addresses = Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).map(({ address }) => inAddress(address)),
  );
  return new Set([...loopback, hostname().toLowerCase(), ...addresses]);
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
