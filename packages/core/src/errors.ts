// The one error type of calm-orch and the one table that says what each code means outside:
// gRPC status, whether an attempt may be repeated, and the exit code of the process.

/** Closed set of error codes; `errorTable` below gives each its meaning. */
export type ErrorCode =
  | 'invalid_argument'
  | 'invalid_config'
  | 'unauthenticated'
  | 'not_found'
  | 'bad_data'
  | 'unavailable'
  | 'refused'
  | 'lease_lost'
  | 'superseded'
  | 'busy'
  | 'io'
  | 'engine'
  | 'cancelled'
  | 'internal';

export interface ErrorMeaning {
  readonly grpcStatus: number;
  readonly retryable: boolean;
  readonly exitCode: number;
}

/** gRPC status numbers as in grpc.io's `codes`; exit codes: 2 = the caller's input, 3 = another coordinator has the run,
 *  130 = cancelled, 1 = the rest. */
export const errorTable: Readonly<Record<ErrorCode, ErrorMeaning>> = {
  invalid_argument: { grpcStatus: 3, retryable: false, exitCode: 2 },
  invalid_config: { grpcStatus: 3, retryable: false, exitCode: 2 },
  unauthenticated: { grpcStatus: 16, retryable: false, exitCode: 2 },
  not_found: { grpcStatus: 5, retryable: false, exitCode: 2 },
  bad_data: { grpcStatus: 9, retryable: false, exitCode: 1 },
  unavailable: { grpcStatus: 14, retryable: true, exitCode: 1 },
  refused: { grpcStatus: 9, retryable: false, exitCode: 1 },
  lease_lost: { grpcStatus: 10, retryable: true, exitCode: 1 },
  superseded: { grpcStatus: 10, retryable: false, exitCode: 3 },
  busy: { grpcStatus: 14, retryable: true, exitCode: 1 },
  io: { grpcStatus: 13, retryable: true, exitCode: 1 },
  engine: { grpcStatus: 13, retryable: false, exitCode: 1 },
  cancelled: { grpcStatus: 1, retryable: false, exitCode: 130 },
  internal: { grpcStatus: 13, retryable: false, exitCode: 1 },
};

/** An error a user can act on: the message says what, where, expected and got, and the remedy. */
export class CalmError extends Error {
  readonly code: ErrorCode;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    { cause, data = {} }: { cause?: unknown; data?: Record<string, unknown> } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CalmError';
    this.code = code;
    this.data = data;
  }
}

/** Wraps whatever was thrown, once, at the edge of a process; a CalmError passes through unchanged. */
export function toCalmError(thrown: unknown): CalmError {
  if (thrown instanceof CalmError) return thrown;
  if (thrown instanceof Error) return new CalmError('internal', thrown.message, { cause: thrown });
  return new CalmError('internal', String(thrown));
}

/** Where an error was raised, and where each of its causes was. */
export function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

/** Marks a branch the types already exclude. */
export function assertNever(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
