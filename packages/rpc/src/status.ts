// The only place where errors become gRPC statuses and back. The code travels in the trailer `calm-code`, because
// several of our codes share one gRPC status.
import { status, type ServiceError } from '@grpc/grpc-js';
import { CalmError, errorTable, toCalmError, type ErrorCode } from '@calm-orch/core';

const codeKey = 'calm-code';

/** What a handler's error looks like on the wire. */
export function toTrailers(thrown: unknown): Readonly<Record<string, string | number>> {
  const { code, message } = toCalmError(thrown);
  // Half a character, which no URI may have.
  const text = message.replace(/[\ud800-\udfff]/gu, '\ufffd');
  return { 'grpc-status': errorTable[code].grpcStatus, 'grpc-message': encodeURI(text), [codeKey]: code };
}

/** The error a caller sees; `where` names the peer, for errors that gRPC itself raised. */
export function fromStatus(error: ServiceError, where: string): CalmError {
  const code = error.metadata?.get(codeKey)[0];
  if (typeof code === 'string' && code in errorTable) return new CalmError(code as ErrorCode, error.details);
  return new CalmError(codeOf(error.code), `${where}: ${error.details}`, { cause: error });
}

function codeOf(grpcStatus: number): ErrorCode {
  switch (grpcStatus as status) {
    case status.CANCELLED:
      return 'cancelled';
    // A call that got no answer in time and one that reached nobody are both worth repeating.
    case status.UNAVAILABLE:
    case status.DEADLINE_EXCEEDED:
      return 'unavailable';
    case status.INVALID_ARGUMENT:
      return 'invalid_argument';
    case status.UNAUTHENTICATED:
      return 'unauthenticated';
    case status.NOT_FOUND:
      return 'not_found';
    default:
      return 'internal';
  }
}
