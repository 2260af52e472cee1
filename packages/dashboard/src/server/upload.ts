// The body of a request, bounded: it is read as fast as it is used, and no further than it may go.
import type { IncomingMessage } from 'node:http';
import { CalmError } from '@calm-orch/core';
import { maxUploadBytes } from '../api/try.ts';

/** A body that is not there by then has nobody who sends it. */
const maxMs = 120_000;

/** @throws CalmError `invalid_argument` with `data.httpStatus` 413 where it is larger, before the rest is read; 408 if it stalls */
export async function* boundedBody(request: IncomingMessage): AsyncGenerator<Buffer> {
  const tooLarge = new CalmError(
    'invalid_argument',
    `the photograph is larger than ${maxUploadBytes / 1e6} MB: send a smaller copy`,
    { data: { httpStatus: 413 } },
  );
  if (Number(request.headers['content-length'] ?? 0) > maxUploadBytes) throw tooLarge;
  const late = new CalmError('invalid_argument', `the photograph was not there within ${maxMs / 1000} s`, {
    data: { httpStatus: 408 },
  });
  const timer = setTimeout(() => request.destroy(late), maxMs);
  try {
    let numBytes = 0;
    // The request stays open for the answer.
    for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      numBytes += piece.length;
      if (numBytes > maxUploadBytes) throw tooLarge;
      yield piece;
    }
  } finally {
    clearTimeout(timer);
  }
}
