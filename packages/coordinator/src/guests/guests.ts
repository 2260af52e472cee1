// Workers of other hosts: where they reach the run's coordinator, over TLS, and who of them may call.
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, makeFolder, type Role } from '@calm-orch/core';
import {
  ArtifactServiceService,
  CoordinatorServiceService,
  createVerifier,
  EnrollmentServiceService,
  serve,
  TlsServerCredentials,
  type Api,
  type CallOptions,
  type Caller,
  type Gate,
  type RunningServer,
} from '@calm-orch/rpc';
import { certificateMs, openAuthority } from '@calm-orch/rpc/tls';
import type { Tracker } from '@calm-orch/tracker';
import type { WorkerSlot } from '../launchers/launcher.ts';
import type { Layout } from '../artifacts/layout.ts';
import { serviceName } from '../leases/service.ts';
import { enrollmentService } from './enrollment.ts';

export interface GuestOptions {
  readonly layout: Layout;
  readonly tracker: Tracker;
  readonly runId: string;
  /** `host:port`, port 0: any free one. */
  readonly listen: string;
  readonly handlers: Api<typeof CoordinatorServiceService>;
  /** For those that do not see the run folder. */
  readonly artifacts: Api<typeof ArtifactServiceService>;
  /** Who holds the lease of a token; null: nobody. */
  readonly holderOf: (token: string) => string | null;
  /** How long guests wait for another coordinator. */
  readonly takeoverMs: number;
  /** The lowest place for a guest among the workers of its role. */
  readonly firstIndex: number;
  /** A guest that joined for a slot registers: whether it is the slot's worker now. */
  readonly seat: (slot: WorkerSlot, instance: string) => boolean;
  /** A guest's token was revoked. */
  readonly onExpelled: (instance: string) => void;
  readonly onError: (error: unknown) => void;
}

export interface GuestServer {
  /** `host:port`, the port filled in. */
  readonly address: string;
  /** Whether a worker has called here: it need not have left yet where it may no longer call. */
  has(instance: string): boolean;
  /** For the run's own trainers: they show certificates to those of other hosts. */
  readonly enrollment: Api<typeof EnrollmentServiceService>;
  close(): Promise<void>;
}

const lookEveryMs = 250;
/** The authority's file is read so often. */
const renewEveryMs = 1000;

/** @throws CalmError `unavailable`, `io` */
export async function serveGuests(options: GuestOptions): Promise<GuestServer> {
  const { layout, tracker, runId, listen, holderOf, onExpelled, onError } = options;
  let authority = await openAuthority(layout.dir);
  const identify = () => authority.identify({ name: runId, role: 'coordinator', run: runId });
  const credentials = new TlsServerCredentials(await identify());
  const verify = createVerifier(() => authority.authorities);
  /** Guests that have called. */
  const known = new Map<string, AbortController>();
  const seen = new Set<string>();
  const gate: Gate = ({ certificate }, method) => {
    if (openToAll.has(method)) return { certified: null };
    const certified = verify(certificate);
    if (certified === null)
      throw new CalmError('unauthenticated', 'a certificate of this run folder is needed: join with a token');
    const { name, role, run } = certified.subject;
    if (run !== runId || role === 'coordinator')
      throw new CalmError('unauthenticated', `the certificate is not a worker's of run ${runId}`);
    if (!tracker.isWelcome(runId, name)) throw revoked();
    const leaving = known.get(name) ?? new AbortController();
    known.set(name, leaving);
    seen.add(name);
    return { certified, expelled: leaving.signal };
  };
  const probe = writeProbe(layout);
  const enrollment = enrollmentService({ ...options, authority: () => authority, probe });
  const server: RunningServer = await serve({
    address: listen,
    credentials,
    gate,
    name: serviceName,
    definition: { ...CoordinatorServiceService, ...ArtifactServiceService, ...EnrollmentServiceService },
    handlers: {
      ...onlyOwn(recording(options), holderOf),
      ...withOwnTokens(options.artifacts, holderOf),
      ...enrollment,
    },
  }).catch((error: unknown) => {
    rmSync(probe.path, { force: true });
    throw error;
  });
  const lookForRevoked = (): void => {
    for (const [instance, leaving] of known) {
      if (tracker.isWelcome(runId, instance)) continue;
      known.delete(instance);
      leaving.abort(revoked());
      onExpelled(instance);
    }
  };
  const forget = (instance: string): void => {
    try {
      tracker.endWorker(runId, instance, { ending: 'finished', reason: 'left when the run ended' });
    } catch (error) {
      // The run is another coordinator's by now, and so is it.
      if (!(error instanceof CalmError && error.code === 'superseded')) onError(error);
    }
  };
  let renewedMs = Date.now();
  /** A certificate is renewed at two thirds of its time, and when the authority has another key. */
  const renew = async (): Promise<void> => {
    const current = await openAuthority(layout.dir);
    const isSame = current.fingerprint === authority.fingerprint && current.authorities === authority.authorities;
    if (isSame && Date.now() - renewedMs < (certificateMs * 2) / 3) return;
    authority = current;
    renewedMs = Date.now();
    credentials.renew(await identify());
  };
  let isRenewing = false;
  const timer = setInterval(() => {
    try {
      lookForRevoked();
    } catch (error) {
      // A busy database is asked again.
      if (!(error instanceof CalmError && error.code === 'busy')) onError(error);
    }
  }, lookEveryMs);
  const renewing = setInterval(() => {
    if (isRenewing) return;
    isRenewing = true;
    renew()
      .catch(onError)
      .finally(() => (isRenewing = false));
  }, renewEveryMs);
  return {
    address: server.address,
    enrollment,
    has: (instance) => seen.has(instance),
    close: async () => {
      clearInterval(timer);
      clearInterval(renewing);
      await server.close();
      for (const instance of seen) forget(instance);
      rmSync(probe.path, { force: true });
    },
  };
}

const openToAll: ReadonlySet<string> = new Set(['authorities', 'enroll']);

const revoked = (): CalmError => new CalmError('unauthenticated', 'the join token this worker came with was revoked');

/** A guest's process is nobody's child here: it is known from its registration on. */
function recording({ handlers, tracker, runId, seat }: GuestOptions): GuestOptions['handlers'] {
  return {
    ...handlers,
    register: (request, call) => {
      const { role, index, instance, pid, facts } = request;
      if (facts === undefined)
        throw new CalmError('invalid_argument', 'register: a worker of another host says what it is');
      const place = tracker.seatOf(runId, instance);
      if (place !== null && !seat({ role: role as Role, index: place }, instance))
        throw new CalmError('unauthenticated', 'its place among the workers is not its own (any more)');
      tracker.recordGuest(runId, { role: role as Role, index, instance, pid, host: facts.host });
      return handlers.register(request, call);
    },
  };
}

/** Throws where a guest speaks for another, or for another's lease. */
const speaker =
  (holderOf: GuestOptions['holderOf']) =>
  (caller: Caller | undefined, says: { readonly instance?: string; readonly token?: string }, role?: string): void => {
    const { name, role: own } = caller!.certified!.subject;
    const isOwn =
      (says.instance === undefined || says.instance === name) &&
      (says.token === undefined || (holderOf(says.token) ?? name) === name) &&
      (role === undefined || role === own);
    if (!isOwn) throw new CalmError('unauthenticated', 'the certificate is not that of the worker it speaks for');
  };

/** Of a service whose every call names a lease. */
function withOwnTokens(
  handlers: GuestOptions['artifacts'],
  holderOf: GuestOptions['holderOf'],
): GuestOptions['artifacts'] {
  const check = speaker(holderOf);
  const guarded = Object.entries(handlers).map(([name, handle]) => [
    name,
    async (request: { readonly token: string }, call: CallOptions | undefined) => {
      check(call?.caller, { token: request.token });
      return (handle as (request: unknown, call?: CallOptions) => Promise<unknown>)(request, call);
    },
  ]);
  return Object.fromEntries(guarded) as GuestOptions['artifacts'];
}

/** A guest speaks for itself alone. */
function onlyOwn(handlers: GuestOptions['handlers'], holderOf: GuestOptions['holderOf']): GuestOptions['handlers'] {
  const check = speaker(holderOf);
  return {
    register: (request, call) => (
      check(call?.caller, { instance: request.instance }, request.role),
      handlers.register(request, call)
    ),
    lease: (request, call) => (check(call?.caller, { instance: request.instance }), handlers.lease(request, call)),
    heartbeat: (request, call) => (check(call?.caller, request), handlers.heartbeat(request, call)),
    join: (request, call) => (check(call?.caller, { token: request.token }), handlers.join(request, call)),
    report: (request, call) => (check(call?.caller, { token: request.token }), handlers.report(request, call)),
    complete: (request, call) => {
      const { token, instance } = request;
      check(call?.caller, { token, ...(instance !== '' && { instance }) });
      return handlers.complete(request, call);
    },
    fail: (request, call) => (check(call?.caller, { token: request.token }), handlers.fail(request, call)),
  };
}

/** Who reads it sees this run folder. */
function writeProbe({ dir }: Layout): { readonly path: string; readonly text: string } {
  makeFolder(join(dir, 'tmp'));
  const path = join(dir, 'tmp', `shared-${randomBytes(4).toString('hex')}`);
  const text = randomBytes(16).toString('hex');
  writeFileSync(path, text, { mode: 0o644, flag: 'wx' });
  return { path, text };
}
