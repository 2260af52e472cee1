// Serves our services, and health, on one address. Handlers are async functions that throw CalmErrors; a gate is asked about
// every call but a health probe.
import { chmodSync } from 'node:fs';
import {
  logVerbosity,
  Server,
  setLogVerbosity,
  ServerCredentials,
  type handleUnaryCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { CalmError } from '@calm-orch/core';
import { HealthService } from './generated/grpc/health/v1/health.ts';
import { createHealth } from './health.ts';
import type { Api, Definition } from './service.ts';
import { toStatus } from './status.ts';
import type { Gate } from './gate.ts';
import { hostLimits, openDoor, serverLimits, type OpenDoor } from './open-door.ts';

export interface ServeOptions<D extends Definition> {
  /** `unix:/path` or `host:port`, port 0: any free one. */
  readonly address: string;
  readonly gate: Gate;
  /** @default plain text: for this machine only */
  readonly credentials?: ServerCredentials;
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

/** @throws CalmError `unavailable` when the address cannot be had, saying why. */
export async function serve<D extends Definition>(options: ServeOptions<D>): Promise<RunningServer> {
  const { address, gate, name, definition, handlers, onError = reportError } = options;
  const { credentials } = options;
  // What goes wrong is thrown; gRPC would print it as well.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server(credentials === undefined ? {} : serverLimits);
  const implementation: UntypedServiceImplementation = {};
  for (const method of Object.keys(definition)) implementation[method] = unary(method, handlers, gate, onError);
  server.addService(definition, implementation);
  const health = createHealth();
  server.addService(HealthService, health.handlers);

  const insecure = ServerCredentials.createInsecure();
  const opened = address.startsWith('unix:')
    ? bind(server, address, insecure)
    : openDoor(server, address, credentials ?? insecure, credentials && hostLimits);
  const door = await opened.catch((error: Error) => Promise.reject(cannotListen(address, error)));
  const { port } = door;
  if (address.startsWith('unix:')) chmodSync(address.slice('unix:'.length), 0o600);
  for (const service of ['', name]) health.set(service, true);
  return {
    address: address.startsWith('unix:') ? address : address.replace(/:\d+$/, `:${port}`),
    cut: door.cut,
    close: async (graceMs = 1000) => {
      for (const service of ['', name]) health.set(service, false);
      door.shut();
      await shutDown(server, door, graceMs);
      if (!address.startsWith('unix:')) door.cut();
    },
  };
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<OpenDoor> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error !== null) reject(error);
      else resolve({ port, cut: () => server.drain(address, 0), shut: () => {} });
    });
  });
}

function unary<D extends Definition>(
  method: string,
  handlers: Api<D>,
  gate: Gate,
  onError: (error: unknown, method: string) => void,
): handleUnaryCall<unknown, unknown> {
  return (call, callback) => {
    let gone: AbortController | undefined;
    let reason: string | undefined;
    // With a reason: an error made for each would cost more than most calls.
    const leave = (why: string): void => {
      reason ??= why;
      gone?.abort(reason);
    };
    call.on('cancelled', () => leave('cancelled'));
    const answer = async (): Promise<unknown> => {
      const caller = gate(call, method);
      const { expelled } = caller;
      const onExpelled = (): void => leave('expelled');
      expelled?.addEventListener('abort', onExpelled, { once: true });
      try {
        return await handlers[method]!(call.request, {
          // Made for those who ask: most calls are answered at once.
          get signal() {
            gone ??= new AbortController();
            if (reason !== undefined) gone.abort(reason);
            return gone.signal;
          },
          caller,
          peer: call.getPeer(),
        });
      } finally {
        expelled?.removeEventListener('abort', onExpelled);
        expelled?.throwIfAborted();
      }
    };
    answer().then(
      (response) => callback(null, response),
      (error: unknown) => {
        if (!(error instanceof CalmError)) onError(error, method);
        callback(toStatus(error));
      },
    );
  };
}

function cannotListen(address: string, error: Error): CalmError {
  const reason = /EADDRINUSE/.test(error.message)
    ? 'another process uses it; choose another port, or 127.0.0.1:0 for any free one'
    : error.message;
  return new CalmError('unavailable', `cannot listen on ${address}: ${reason}`, { cause: error });
}

/** A peer answers a goodbye within it. */
const goodbyeMs = 1000;

/** gRPC's own end of a connection waits for the peer's, for minutes where its host is gone. */
function shutDown(server: Server, door: OpenDoor, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.forceShutdown(), graceMs);
    const cut = setTimeout(door.cut, graceMs + goodbyeMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      clearTimeout(cut);
      resolve();
    });
  });
}

function reportError(error: unknown, method: string): void {
  console.error(`${method}:`, error);
}
