// The server of the page: node:http, read-only on one run folder. It ends with the command that started it.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { CalmError, toCalmError, type ErrorCode } from '@calm-orch/core';
import { createGuard, isLoopback, reachableName } from './guard.ts';
import { createLive } from './live.ts';
import { openApi } from './openapi.ts';
import { matchRoute, queryOf, type Reply } from './route.ts';
import { routes } from './routes.ts';
import { openRunFolder } from './run-folder.ts';
import type { PageSources } from './sources.ts';
import { staticFiles } from './static-files.ts';
import { boundedBody } from './upload.ts';

export interface PageOptions {
  /** Run folder. */
  readonly dir: string;
  readonly sources: PageSources;
  /** Of calm-orch. */
  readonly version: string;
  /** 0: any that is free. @default 2256, or any where that is taken */
  readonly port?: number;
  /** @default this machine alone */
  readonly host?: string;
}

export interface Page {
  /** With the token, where one is asked for. */
  readonly address: string;
  close(): Promise<void>;
}

export const defaultPort = 2256;
const defaultHost = '127.0.0.1';

const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** @throws CalmError of a database that cannot be read, a port that is taken, or a page that is not built */
export async function startPage({ dir, sources, version, port, host = defaultHost }: PageOptions): Promise<Page> {
  const files = staticFiles();
  const folder = openRunFolder(dir);
  folder.tracker();
  const token = isLoopback(host) ? null : randomBytes(24).toString('base64url');
  const guard = createGuard({ host, token, takesPost: (pathname) => matchRoute(routes, 'POST', pathname) !== null });
  const live = createLive(folder);
  const description = JSON.stringify(openApi(routes, version));

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = addressOf(request);
    const refusal = guard.refuse(request, url);
    if (refusal !== null) return refuse(request, response, refusal.status, problem('refused', refusal.message));
    const file = files.get(url.pathname);
    if (file !== undefined) {
      if (guard.cookie !== null && url.searchParams.has('token'))
        // The token stays neither in the address bar nor in the history.
        return void response.writeHead(303, { ...headers, 'set-cookie': guard.cookie, location: '/' }).end();
      return send(response, 200, file.content, file.type);
    }
    if (url.pathname === '/api/openapi.json') return send(response, 200, description);
    if (url.pathname === '/api/live' && request.method === 'GET')
      return live.connect(request, response.writeHead(200, { ...headers, ...live.headers }));
    const isPost = request.method === 'POST';
    const match = matchRoute(routes, isPost ? 'POST' : 'GET', url.pathname);
    if (match === null) throw new CalmError('not_found', `there is no ${url.pathname} here`);
    const query = queryOf(match.route, url.searchParams);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const asked = { folder, sources, path: match.path, query, body: boundedBody(request), signal: gone.signal };
    reply(response, await match.route.handle(asked));
  };
  const listener: RequestListener = (request, response) => {
    answer(request, response).catch((thrown: unknown) => {
      const { code, message, data } = toCalmError(thrown);
      const status = typeof data['httpStatus'] === 'number' ? data['httpStatus'] : (httpStatus[code] ?? 500);
      if (response.headersSent) response.destroy();
      else refuse(request, response, status, problem(code, message));
    });
  };

  const servers = await listen(listener, host, port);
  const { port: taken } = servers[0]!.address() as AddressInfo;
  const query = token === null ? '' : `?token=${token}`;
  return {
    address: `http://${reachableName(host)}:${taken}/${query}`,
    close: async () => {
      live.close();
      await Promise.all(servers.map(ended));
      folder.close();
    },
  };
}

/** 500 for the rest. */
const httpStatus: Partial<Readonly<Record<ErrorCode, number>>> = {
  invalid_argument: 400,
  not_found: 404,
  unavailable: 404,
  busy: 503,
};

const problem = (code: ErrorCode, message: string): string => JSON.stringify({ error: { code, message } });

function send(response: ServerResponse, status: number, body: string | Buffer, type = 'application/json'): void {
  response.writeHead(status, { ...headers, 'content-type': type, 'cache-control': 'no-store' }).end(body);
}

/** How long one that is refused may go on sending: a connection that is cut at once takes the answer with it. */
const lingerMs = 1000;

/** What still comes is thrown away, and after a while the connection is closed. */
function refuse(request: IncomingMessage, response: ServerResponse, status: number, body: string): void {
  const hasMore = request.method === 'POST' && !request.complete;
  if (!hasMore) return send(response, status, body);
  const own = { 'content-type': 'application/json', 'cache-control': 'no-store', connection: 'close' };
  response.writeHead(status, { ...headers, ...own, 'content-length': Buffer.byteLength(body) });
  response.write(body);
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, lingerMs);
  request.once('close', end).once('end', end).resume();
}

function reply(response: ServerResponse, { type, body, cache = 'no-store', file }: Reply): void {
  const disposition = file === undefined ? {} : { 'content-disposition': `attachment; filename="${file}"` };
  response.writeHead(200, { ...headers, ...disposition, 'content-type': type, 'cache-control': cache });
  if (typeof body === 'string' || Buffer.isBuffer(body)) return void response.end(body);
  // A reader that has gone is no error of ours.
  pipeline(Readable.from(body), response, () => {});
}

/** @throws CalmError `invalid_argument` for what is no path */
function addressOf({ url = '/' }: IncomingMessage): URL {
  if (!url.startsWith('/') || url.startsWith('//') || !URL.canParse(url, 'http://page'))
    throw new CalmError('invalid_argument', 'a request names a path that begins with one /');
  return new URL(url, 'http://page');
}

/** The machine's own address is listened on as IPv4 and, where there is one, as IPv6: browsers take either for `localhost`. */
async function listen(listener: RequestListener, host: string, port?: number): Promise<Server[]> {
  let first: Server;
  try {
    first = await listening(listener, host, port ?? defaultPort);
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE')
      throw new CalmError('invalid_argument', `--host ${host}, port ${port}: ${message}`, { cause: thrown });
    if (port !== undefined)
      throw new CalmError('unavailable', `--port: ${port} is taken by another process; 0 takes any that is free`);
    first = await listening(listener, host, 0);
  }
  if (host !== defaultHost) return [first];
  const second = await listening(listener, '::1', (first.address() as AddressInfo).port).catch(() => null);
  return second === null ? [first] : [first, second];
}

function listening(listener: RequestListener, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(listener);
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}

function ended(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
