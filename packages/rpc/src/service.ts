// A service as its caller and its implementer both see it: plain async functions, no callbacks.
import type { Caller } from './gate.ts';

export interface CallOptions {
  /** Caller: abandons the call. Handler: aborted when the caller has gone. */
  readonly signal?: AbortSignal;
  /** Caller: time for one answer. @default 5000 */
  readonly deadlineMs?: number;
  /** Caller: how long an unreachable peer is tried again for this call, if shorter than the connection's. */
  readonly retryForMs?: number;
  /** Handler: who calls. */
  readonly caller?: Caller;
  /** Handler: from where, `host:port`. */
  readonly peer?: string;
}

/** One method of a generated `XService` constant. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => Request;
  readonly responseSerialize: (response: Response) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- messages of any type, as in grpc-js itself
export type Definition = Readonly<Record<string, Method<any, any>>>;

/** The methods of a service as async functions: what `serve` takes and `connect` gives. */
export type Api<D extends Definition> = {
  readonly [M in keyof D]: D[M] extends Method<infer Request, infer Response>
    ? (request: Request, options?: CallOptions) => Promise<Response>
    : never;
};
