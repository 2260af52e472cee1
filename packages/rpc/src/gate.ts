// Who may call: processes of the run on this machine by the run's token, workers on other hosts by their certificates.
import { timingSafeEqual } from 'node:crypto';
import { Metadata } from '@grpc/grpc-js';
import { CalmError } from '@calm-orch/core';
import type { Certified } from './tls/credentials.ts';

/** What is known of a call before its handler runs. */
export interface GateCall {
  /** Its header of that name. */
  readonly authorization: string | undefined;
  /** Raw, of the connection's other end. */
  readonly certificate: Buffer | undefined;
}

export interface Caller {
  /** null: it has shown the run's token, or nothing where nothing is asked. */
  readonly certified: Certified | null;
  /** Aborted when it may no longer call, with the error it is told: its calls under way end. */
  readonly expelled?: AbortSignal;
}

/** @throws CalmError `unauthenticated` */
export type Gate = (call: GateCall, method: string) => Caller;

export function tokenGate(token: string): Gate {
  const shows = tokenCheck(token);
  return ({ authorization }) => {
    if (!shows(authorization)) throw new CalmError('unauthenticated', 'the token is not that of this run');
    return { certified: null };
  };
}

/** What goes with the calls of a process that shows the run's token. */
export function tokenMetadata(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', bearer(token));
  return metadata;
}

const bearer = (token: string): string => `Bearer ${token}`;

/** Whether what goes with a call shows the token, of which the length is no secret. */
export function tokenCheck(token: string): (authorization: string | undefined) => boolean {
  const own = Buffer.from(bearer(token));
  return (authorization = '') => {
    const shown = Buffer.from(authorization);
    return shown.length === own.length && timingSafeEqual(shown, own);
  };
}
