// A worker of another host and the run it belongs to: how it joins with a token, and keeps its certificate fresh.
import { connect as connectSocket } from 'node:net';
import { CalmError, type Role } from '@calm-orch/core';
import { connect } from '../call.ts';
import { EnrollmentServiceService } from '../generated/calm/v1/enrollment.ts';
import { certificatesOf, fingerprintOf, leafOf, subjectOf, type Identity } from './certificates.ts';
import { tlsClientCredentials, tlsNewcomerCredentials, unverifiedCredentials } from './credentials.ts';
import type { JoinToken } from './join-token.ts';
import { makeKey, makeRequest } from './signing.ts';

export interface Membership {
  readonly identity: Identity;
  /** Its name as a worker. */
  readonly instance: string;
  /** 0-based among the workers of its role. */
  readonly index: number;
  readonly takeoverMs: number;
  /** A file of the coordinator's run folder, and what is in it. */
  readonly probe: { readonly path: string; readonly text: string };
}

export interface JoinOptions {
  readonly role: Role;
  readonly signal: AbortSignal;
  /** How long a coordinator that cannot be reached is tried again. */
  readonly retryForMs: number;
}

/** The secret is said to the bearer of the authority that the token names, and to nobody else. @throws CalmError `unauthenticated`, `unavailable` */
export async function joinRun(token: JoinToken, { role, signal, retryForMs }: JoinOptions): Promise<Membership> {
  const { address, fingerprint, id: tokenId, secret } = token;
  const stranger = connect(EnrollmentServiceService, { address, credentials: unverifiedCredentials(), retryForMs });
  const told = await stranger.api.authorities({}, { signal }).finally(() => stranger.close());
  const authority = certificatesOf(told.authorities).find((certificate) => fingerprintOf(certificate) === fingerprint);
  if (authority === undefined)
    throw new CalmError(
      'unauthenticated',
      `${address} is not the coordinator this token names: its certificate authority is another; the token's secret was not sent`,
    );
  const credentials = tlsNewcomerCredentials(authority.toString());
  const newcomer = connect(EnrollmentServiceService, { address, credentials, retryForMs });
  try {
    const key = await makeKey();
    const request = await makeRequest(key);
    const { chain, authorities, instance, index, takeoverMs, probePath, probe } = await newcomer.api.enroll(
      { tokenId, secret, role, request },
      { signal },
    );
    const identity = { chain, key: key.pem, authorities };
    return { identity, instance, index, takeoverMs, probe: { path: probePath, text: probe } };
  } finally {
    newcomer.close();
  }
}

/** The coordinator of the identity's run, and nobody else. */
export const coordinatorCredentials = (identity: Identity) =>
  tlsClientCredentials(identity, { run: subjectOf(leafOf(identity))!.run, roles: ['coordinator'] });

/** Asks for a certificate for a request. `current`: the identity so far, of a worker that has one. */
export type Renewal = (request: string, current: Identity | null) => Promise<Pick<Identity, 'chain' | 'authorities'>>;

/** Of a worker of another host: it shows the identity it has. */
export const guestRenewal =
  (address: string): Renewal =>
  (request, current) => {
    const credentials = coordinatorCredentials(current!);
    const { api, close } = connect(EnrollmentServiceService, { address, credentials });
    return api.renew({ request, instance: '', role: '' }).finally(close);
  };

/** Of a worker that was started by its coordinator: it shows the run's token, at the run's socket. */
export const ownRenewal =
  (
    coordinator: { readonly address: string; readonly token: string },
    worker: { readonly role: Role; readonly instance: string },
  ): Renewal =>
  (request) => {
    const { api, close } = connect(EnrollmentServiceService, coordinator);
    return api.renew({ request, ...worker }).finally(close);
  };

/** With a new key. */
export async function renewIdentity(ask: Renewal, current: Identity | null = null): Promise<Identity> {
  const key = await makeKey();
  const { chain, authorities } = await ask(await makeRequest(key), current);
  return { key: key.pem, chain, authorities };
}

export interface RenewalOptions {
  readonly identity: Identity;
  readonly ask: Renewal;
  readonly onRenewed: (identity: Identity) => void;
  readonly log: (line: string) => void;
}

/** Another certificate, with another key, whenever two thirds of the time of the one at hand have gone. Returns how that ends. */
export function keepRenewed({ identity, ask, onRenewed, log }: RenewalOptions): () => void {
  let current = identity;
  let timer: NodeJS.Timeout;
  const plan = (share: number): void => {
    // A certificate begins before it is made, for clocks that are behind.
    const leftMs = Date.parse(leafOf(current).validTo) - Date.now();
    timer = setTimeout(renewAndPlan, Math.max(1000, leftMs * share)).unref();
  };
  const renew = async (): Promise<void> => {
    current = await renewIdentity(ask, current);
    onRenewed(current);
  };
  const renewAndPlan = (): void => {
    renew().then(
      () => plan(2 / 3),
      (error: Error) => {
        log(`its certificate could not be renewed, will be tried again: ${error.message}`);
        plan(1 / 50);
      },
    );
  };
  plan(2 / 3);
  return () => clearTimeout(timer);
}

/** The address of this host by which it reaches another. @throws CalmError `unavailable` */
export function ownAddressTowards(address: string): Promise<string> {
  const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(address)!;
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ host: host!, port: Number(port), timeout: 5000 });
    socket.once('connect', () => {
      resolve(socket.localAddress!);
      socket.destroy();
    });
    const fail = (why: string): void => {
      socket.destroy();
      reject(new CalmError('unavailable', `cannot reach ${address}: ${why}`));
    };
    socket.once('error', (error) => fail(error.message));
    socket.once('timeout', () => fail('no answer within 5 s'));
  });
}
