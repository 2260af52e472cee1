// Serves our services, and health, on one address: gRPC's unary calls over HTTP/2. Handlers are async functions that throw
// CalmErrors; a gate is asked about every call but a health probe.
import { chmodSync } from 'node:fs';
import {
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
  type SecureServerOptions,
} from 'node:http2';
import { TLSSocket } from 'node:tls';
import { CalmError } from '@calm-orch/core';
import { createHealth, healthDefinition } from './health.ts';
import type { Gate } from './gate.ts';
import { hostLimits, openDoor } from './open-door.ts';
import type { Api, CallOptions, Definition, Method } from './service.ts';
import type { TlsServerCredentials } from './tls/credentials.ts';
import { toTrailers } from './status.ts';
import { receive, refuse, send } from './unary-call.ts';

export interface ServeOptions<D extends Definition> {
  /** `unix:/path` or `host:port`, port 0: any free one. */
  readonly address: string;
  readonly gate: Gate;
  /** @default plain text: for this machine only */
  readonly credentials?: TlsServerCredentials;
  /** Full name of the service, as health probes ask for it. */
  readonly name: string;
  readonly definition: D;
  readonly handlers: Api<D>;
  /** Told of errors that are not the caller's. @default console.error */
  readonly onError?: (error: unknown, method: string) => void;
}

export interface RunningServer {
  /** Where it can be reached, the port filled in. */
  readonly address: string;
  /** Cuts all connections; callers connect again. */
  cut(): void;
  /** Health says NOT_SERVING; running calls are given `graceMs`, then cut off. @default 1000 */
  close(graceMs?: number): Promise<void>;
}

/** Off this machine: calls on one connection at once, and its memory in MB. A worker makes five. */
const hostOptions: SecureServerOptions = { settings: { maxConcurrentStreams: 32 }, maxSessionMemory: 32 };
/** A connection off this machine on which nothing comes for so long ends. */
const idleMs = 60_000;
/** Where callers are ours a session's memory is no matter: node would refuse streams. */
const ownOptions = { maxSessionMemory: Number.MAX_SAFE_INTEGER };
/** A peer answers a goodbye within it. */
const goodbyeMs = 1000;

/** @throws CalmError `unavailable` when the address cannot be had, saying why. */
export async function serve<D extends Definition>(options: ServeOptions<D>): Promise<RunningServer> {
  const { address, gate, name, definition, handlers, credentials, onError = reportError } = options;
  const health = createHealth(name);
  const open: Gate = () => ({ certified: null });
  const methods = new Map([
    ...methodsOf(definition, handlers, gate, onError),
    ...methodsOf(healthDefinition, health.handlers, open, onError),
  ]);
  const server: Http2Server | Http2SecureServer = credentials?.createServer(hostOptions) ?? createServer(ownOptions);
  const sessions = new Set<Http2Session>();
  server.on('session', (session: Http2Session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    if (credentials !== undefined) session.setTimeout(idleMs, () => session.destroy());
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    // Of a call that was cut; it is closed then.
    stream.on('error', () => {});
    const answer = methods.get(headers[':path']!);
    if (answer !== undefined && headers['content-type']?.startsWith('application/grpc')) answer(stream, headers);
    else refuse(stream, unimplemented);
  });
  const enter = (socket: unknown): void => void server.emit('connection', socket);
  const door = await openDoor(address, enter, credentials && hostLimits).catch((error: Error) =>
    Promise.reject(cannotListen(address, error)),
  );
  if (address.startsWith('unix:')) chmodSync(address.slice('unix:'.length), 0o600);
  return {
    address: address.startsWith('unix:') ? address : address.replace(/:\d+$/, `:${door.port}`),
    cut: door.cut,
    close: async (graceMs = 1000) => {
      health.end();
      const shut = door.shut();
      for (const session of sessions) session.close();
      const end = setTimeout(() => sessions.forEach((session) => session.destroy()), graceMs);
      // The end of a connection waits for the peer's, for minutes where its host is gone.
      const cut = setTimeout(door.cut, graceMs + goodbyeMs);
      await shut;
      clearTimeout(end);
      clearTimeout(cut);
      server.close();
    },
  };
}

const unimplemented = { 'grpc-status': 12 };

type Answer = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** By path. */
function methodsOf<D extends Definition>(
  definition: D,
  handlers: Api<D>,
  gate: Gate,
  onError: (error: unknown, method: string) => void,
): [string, Answer][] {
  return Object.entries(definition).map(([name, method]) => [
    method.path,
    (stream, headers) => {
      answerTo(stream, headers, { name, method, handle: handlers[name]!, gate }).then(
        (message) => send(stream, message),
        (error: unknown) => {
          if (!(error instanceof CalmError)) onError(error, name);
          refuse(stream, toTrailers(error));
        },
      );
    },
  ]);
}

interface Served {
  readonly name: string;
  readonly method: Method<unknown, unknown>;
  readonly handle: (request: unknown, call: CallOptions) => Promise<unknown>;
  readonly gate: Gate;
}

async function answerTo(
  stream: ServerHttp2Stream,
  { authorization }: IncomingHttpHeaders,
  { name, method, handle, gate }: Served,
): Promise<Buffer> {
  const caller = gate({ authorization, certificate: certificateOf(stream) }, name);
  const { expelled } = caller;
  let gone: AbortController | undefined;
  let reason: string | undefined;
  // With a reason: an error made for each would cost more than most calls.
  const leave = (why: string): void => {
    reason ??= why;
    gone?.abort(reason);
  };
  const onClose = (): void => leave('cancelled');
  const onExpelled = (): void => leave('expelled');
  stream.on('close', onClose);
  expelled?.addEventListener('abort', onExpelled, { once: true });
  try {
    const answer = await handle(requestOf(method, await receive(stream)), {
      // Made for those who ask: most calls are answered at once.
      get signal() {
        gone ??= new AbortController();
        if (reason !== undefined) gone.abort(reason);
        return gone.signal;
      },
      caller,
      get peer() {
        const { remoteAddress, remotePort } = stream.session?.socket ?? {};
        return `${remoteAddress}:${remotePort}`;
      },
    });
    return method.responseSerialize(answer);
  } finally {
    stream.off('close', onClose);
    expelled?.removeEventListener('abort', onExpelled);
    expelled?.throwIfAborted();
  }
}

function requestOf(method: Method<unknown, unknown>, message: Buffer): unknown {
  try {
    return method.requestDeserialize(message);
  } catch (cause) {
    throw new CalmError('invalid_argument', `${method.path}: a message that cannot be read`, { cause });
  }
}

/** Made once a connection: it stays the same. */
const certificates = new WeakMap<Http2Session, Buffer | undefined>();

function certificateOf({ session }: ServerHttp2Stream): Buffer | undefined {
  if (!session?.encrypted) return undefined;
  if (!certificates.has(session)) {
    const { socket } = session;
    certificates.set(session, socket instanceof TLSSocket ? socket.getPeerCertificate().raw : undefined);
  }
  return certificates.get(session);
}

function cannotListen(address: string, error: Error): CalmError {
  const reason = /EADDRINUSE/.test(error.message)
    ? 'another process uses it; choose another port, or 127.0.0.1:0 for any free one'
    : error.message;
  return new CalmError('unavailable', `cannot listen on ${address}: ${reason}`, { cause: error });
}

function reportError(error: unknown, method: string): void {
  console.error(`${method}:`, error);
}
