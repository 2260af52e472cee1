// Calls to a cluster's API server: few, plain HTTP (ADR 16).
import { request as plainRequest, Agent as PlainAgent, type IncomingMessage } from 'node:http';
import { request as tlsRequest, Agent as TlsAgent } from 'node:https';
import { CalmError } from '@calm-orch/core';
import type { KubeAccess } from './access.ts';

export interface KubeCall {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** @default application/json */
  readonly type?: string;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
}

export interface KubeApi {
  /** What the server answers. @throws CalmError `unavailable`; `data.status`: of HTTP, where it has answered */
  call<T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, call?: KubeCall): Promise<T>;
  /** Until the server ends it, or it errs, or `signal` is aborted; it never throws. */
  watch(
    path: string,
    query: KubeCall['query'],
    onEvent: (event: WatchEvent) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

const patienceMs = 20_000;
/** The server ends a watch itself; a connection that has died is given up a little later. */
const watchSeconds = 240;

export function openKubeApi({ server, trust, credentials }: KubeAccess): KubeApi {
  const isTls = server.protocol === 'https:';
  const agent = isTls ? new TlsAgent({ keepAlive: true }) : new PlainAgent({ keepAlive: true });
  const send = async (
    method: string,
    path: string,
    { query = {}, body, type = 'application/json' }: KubeCall,
    {
      isRefused = false,
      timeout = patienceMs,
      signal,
    }: { isRefused?: boolean; timeout?: number; signal?: AbortSignal },
  ): Promise<IncomingMessage> => {
    const { token, cert, key } = await credentials(isRefused);
    const url = new URL(
      `${server.pathname.replace(/\/$/, '')}${path}?${new URLSearchParams(query).toString()}`,
      server,
    );
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = {
      accept: 'application/json',
      'user-agent': 'calm-orch',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(text !== '' && { 'content-type': type, 'content-length': String(Buffer.byteLength(text)) }),
    };
    const common = { method, agent, headers, timeout, ...(signal && { signal }) };
    return new Promise((resolve, reject) => {
      const request = isTls
        ? tlsRequest(url, { ...common, ...trust, ...(cert && { cert }), ...(key && { key }) })
        : plainRequest(url, common);
      const fail = (error: Error): void =>
        reject(new CalmError('unavailable', `the API server ${server.host}: ${error.message}`, { cause: error }));
      request.once('timeout', () => request.destroy(new Error(`no answer within ${timeout / 1000} s`)));
      request.once('error', fail);
      request.once('response', (response) => {
        // What breaks off later is told where the answer is read.
        request.off('error', fail).on('error', () => {});
        resolve(response);
      });
      request.end(text);
    });
  };
  /** Credentials that are refused may have been replaced. */
  const sendTwice = async (...[method, path, call, how]: Parameters<typeof send>): Promise<IncomingMessage> => {
    const response = await send(method, path, call, how);
    if (response.statusCode !== 401) return response;
    response.resume();
    return send(method, path, call, { ...how, isRefused: true });
  };
  return {
    call: async <T>(method: string, path: string, call: KubeCall = {}): Promise<T> => {
      const response = await sendTwice(method, path, call, {});
      const { statusCode: status = 0 } = response;
      let text = '';
      try {
        for await (const chunk of response.setEncoding('utf8')) text += chunk;
      } catch (error) {
        throw new CalmError('unavailable', `the API server ${server.host}: ${(error as Error).message}`, {
          cause: error,
        });
      }
      if (status >= 200 && status < 300) return JSON.parse(text) as T;
      throw new CalmError('unavailable', `${method} ${path}: ${reasonOf(text, status)}`, { data: { status } });
    },
    watch: async (path, query, onEvent, signal) => {
      const wanted = { ...query, watch: '1', timeoutSeconds: String(watchSeconds) };
      try {
        const timeout = (watchSeconds + 30) * 1000;
        const response = await sendTwice('GET', path, { query: wanted }, { timeout, signal });
        if (response.statusCode !== 200) return void response.resume();
        let rest = '';
        for await (const chunk of response.setEncoding('utf8')) {
          const lines = (rest + String(chunk)).split('\n');
          rest = lines.pop()!;
          for (const line of lines) if (line !== '') onEvent(JSON.parse(line) as WatchEvent);
        }
      } catch {
        // The next list tells what has happened, and why a server does not answer.
      }
    },
  };
}

/** A `Status` says it in words. */
function reasonOf(text: string, status: number): string {
  try {
    const { message } = JSON.parse(text) as { readonly message?: string };
    if (message) return message;
  } catch {
    // A proxy in between.
  }
  return `HTTP status ${status}`;
}

export const statusOf = (error: unknown): number | undefined =>
  error instanceof CalmError ? (error.data['status'] as number | undefined) : undefined;
