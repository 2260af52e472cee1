// The caller's end of a service: methods as async functions that carry the token, have a deadline, throw CalmErrors,
// and are repeated while the peer cannot be reached. All our calls are idempotent, so repeating is always allowed.
import { setTimeout as sleep } from 'node:timers/promises';
import { Metadata, type ChannelCredentials, type Client } from '@grpc/grpc-js';
import { CalmError, type ErrorCode } from '@calm-orch/core';
import { openClient, retire } from './client.ts';
import { tokenMetadata } from './gate.ts';
import type { Api, CallOptions, Definition, Method } from './service.ts';
import { fromStatus } from './status.ts';

export interface ConnectOptions {
  readonly address: string;
  /** The run's; off this machine callers show their certificate instead. @default none */
  readonly token?: string | undefined;
  /** @default plain text */
  readonly credentials?: ChannelCredentials;
  /** How long a peer may be unreachable before calls to it fail; from then on they fail at once. @default 15000 */
  readonly retryForMs?: number;
  /** Milliseconds. @default performance.now */
  readonly now?: () => number;
}

export interface Connection<D extends Definition> {
  readonly api: Api<D>;
  /** Calls from now on are made with these; those under way end as they began. */
  renew(credentials: ChannelCredentials): void;
  close(): void;
}

const retryEveryMs = 250;
const worthRepeating: ReadonlySet<ErrorCode> = new Set(['unavailable', 'busy']);

export function connect<D extends Definition>(definition: D, options: ConnectOptions): Connection<D> {
  const { address, token, retryForMs = 15_000, now = () => performance.now() } = options;
  let client = openClient(address, 1000, options.credentials);
  const metadata = token === undefined ? new Metadata() : tokenMetadata(token);

  /** Since when nobody has answered. */
  let silentSince: number | null = null;
  const persist = async (method: Method<unknown, unknown>, request: unknown, call: CallOptions): Promise<unknown> => {
    const startedMs = now();
    for (;;) {
      try {
        const answer = await once(client, metadata, address, method, request, call);
        silentSince = null;
        return answer;
      } catch (error) {
        const code = error instanceof CalmError ? error.code : 'internal';
        if (code === 'unavailable') silentSince ??= startedMs;
        else if (code !== 'cancelled') silentSince = null;
        const until = Math.min((silentSince ?? startedMs) + retryForMs, startedMs + (call.retryForMs ?? retryForMs));
        const again = worthRepeating.has(code) && now() < until;
        if (!again || call.signal?.aborted) throw error;
        await sleep(retryEveryMs);
      }
    }
  };
  const methods = Object.entries(definition).map(([name, method]) => [
    name,
    (request: unknown, call: CallOptions = {}) => persist(method, request, call),
  ]);
  return {
    api: Object.fromEntries(methods) as Api<D>,
    renew: (credentials) => {
      retire(client);
      client = openClient(address, 1000, credentials);
    },
    close: () => client.close(),
  };
}

function once(
  client: Client,
  metadata: Metadata,
  address: string,
  method: Method<unknown, unknown>,
  request: unknown,
  { signal, deadlineMs = 5000 }: CallOptions,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new CalmError('cancelled', `${method.path}: cancelled before it was sent`));
      return;
    }
    const { path, requestSerialize, responseDeserialize } = method;
    const options = { deadline: Date.now() + deadlineMs };
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      options,
      (error, response) => {
        signal?.removeEventListener('abort', cancel);
        if (error === null) return resolve(response);
        const failure = fromStatus(error, `${address}${path}`);
        // Not by us: a peer that ends, or cuts its connections, cancels what it has not answered.
        const isCut = failure.code === 'cancelled' && !signal?.aborted;
        reject(isCut ? new CalmError('unavailable', failure.message, { cause: error }) : failure);
      },
    );
    const cancel = (): void => call.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
  });
}
