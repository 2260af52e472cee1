// Workers of other hosts over real TLS, with a real tracker; what they ask for is answered by stand-ins.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Role } from '@calm-orch/core';
import { CalmError } from '@calm-orch/core';
import { ArtifactServiceService, connect, CoordinatorServiceService, Directive, type Api } from '@calm-orch/rpc';
import { coordinatorCredentials, guestRenewal, joinRun, openAuthority, renewIdentity } from '@calm-orch/rpc/tls';
import { openTracker, type Tracker } from '@calm-orch/tracker';
import { layoutOf, type Layout } from '../artifacts/layout.ts';
import { serveGuests, type GuestServer } from './guests.ts';

let layout: Layout;
let tracker: Tracker;
let server: GuestServer;
let runId: string;
const expelled: string[] = [];
const asked: string[] = [];
const seated: string[] = [];
const open: { close(): unknown }[] = [];
const facts = { host: 'far', place: 'p', numCores: 1, numGpus: 0, threads: 0, engineJson: 'null', ownFolder: true };

const noAnswer = (): Promise<never> => Promise.reject(new CalmError('internal', 'not asked here'));
const handlers: Api<typeof CoordinatorServiceService> = {
  register: ({ instance }) => {
    asked.push(`register ${instance}`);
    return Promise.resolve({ heartbeatIntervalMs: 1, leaseTtlMs: 1 });
  },
  // As long as the caller is there.
  lease: (_request, call) =>
    new Promise((resolve) => {
      call!.signal!.addEventListener('abort', () => resolve({ lease: undefined, directive: Directive.CONTINUE }));
    }),
  heartbeat: () => Promise.resolve({ directive: Directive.CONTINUE }),
  join: noAnswer,
  report: noAnswer,
  complete: noAnswer,
  fail: noAnswer,
};

const artifacts: Api<typeof ArtifactServiceService> = {
  listFiles: () => Promise.resolve({ files: [], numFiles: 0 }),
  readFiles: noAnswer,
  offerFiles: noAnswer,
  writeFiles: noAnswer,
  sealFiles: noAnswer,
};

beforeEach(async () => {
  layout = layoutOf(mkdtempSync(join(tmpdir(), 'calm-orch-guests-')));
  tracker = openTracker(layout.dir);
  const run = { experiment: 'x', title: '', path: '/x.yaml', resolved: {}, hash: 'h', versions: {}, machine: {} };
  runId = tracker.createRun({ ...run, pid: process.pid, trials: [] }).id;
  expelled.length = asked.length = seated.length = 0;
  server = await serveGuests({
    layout,
    tracker,
    runId,
    listen: '127.0.0.1:0',
    handlers,
    artifacts,
    holderOf: (token) => (token === 'of another' ? 'another' : null),
    takeoverMs: 7,
    firstIndex: 4,
    seat: (slot, instance) => seated.push(`${slot.role} ${slot.index} ${instance}`) === 1,
    onExpelled: (instance) => expelled.push(instance),
    onError: (error) => expect(error).toBeNull(),
  });
});
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
  await server.close();
  tracker.close();
  rmSync(layout.dir, { recursive: true, force: true });
});

async function guest(
  role: Role = 'trainer',
  made = tracker.createJoinToken(runId, { role, maxUses: 1, expiresMs: Date.now() + 60_000 }),
) {
  const { fingerprint } = await openAuthority(layout.dir);
  const options = { role, signal: new AbortController().signal, retryForMs: 0 };
  const joined = await joinRun({ fingerprint, address: server.address, ...made }, options);
  const { address } = server;
  const shown = { address, credentials: coordinatorCredentials(joined.identity), retryForMs: 0 };
  const connection = connect(CoordinatorServiceService, shown);
  const toFiles = connect(ArtifactServiceService, shown);
  open.push(connection, toFiles);
  return { ...joined, made, api: connection.api, files: toFiles.api };
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'answered',
    (error: CalmError) => `${error.code}: ${error.message}`,
  );

test('a guest joins, is recorded with what it says of itself, and finds the run folder', async () => {
  const { api, instance, index, probe, takeoverMs } = await guest();
  expect([index, takeoverMs]).toEqual([4, 7]);
  expect(readFileSync(probe.path, 'utf8')).toBe(probe.text);
  await api.register({ role: 'trainer', index, instance, pid: 9, facts });
  expect(asked).toEqual([`register ${instance}`]);
  expect(tracker.listWorkers(runId)).toMatchObject([{ role: 'trainer', index: 4, instance, host: 'far', pid: 9 }]);
  await server.close();
  expect(readdirSync(join(layout.dir, 'tmp'))).toEqual([]);
});

test('without a certificate, or in the name of another worker, nothing is answered', async () => {
  const stranger = connect(CoordinatorServiceService, { address: server.address, token: 'guessed', retryForMs: 0 });
  open.push(stranger);
  expect(await codeOf(stranger.api.lease({ instance: 'i', waitMs: 1 }))).toMatch(/^unavailable/);
  const { api, files, instance } = await guest();
  const notOwn = /^unauthenticated: the certificate is not that of the worker it speaks for/;
  expect(await codeOf(api.lease({ instance: 'another', waitMs: 1 }))).toMatch(notOwn);
  expect(await codeOf(api.heartbeat({ instance, token: 'of another' }))).toMatch(notOwn);
  expect(await codeOf(api.register({ role: 'evaluator', index: 0, instance, pid: 9, facts }))).toMatch(notOwn);
  expect(await codeOf(api.heartbeat({ instance, token: '' }))).toBe('answered');
  expect(asked).toEqual([]);
  expect(await codeOf(files.listFiles({ token: 'of another', key: '', skip: 0 }))).toMatch(notOwn);
  expect(await codeOf(files.listFiles({ token: 'its own', key: '', skip: 0 }))).toBe('answered');
});

test('a revoked token cuts a call under way within a second, and every later one', async () => {
  const { api, instance, identity, made } = await guest();
  const other = await guest();
  const waiting = codeOf(api.lease({ instance, waitMs: 60_000 }, { deadlineMs: 60_000 }));
  const otherWaits = codeOf(other.api.lease({ instance: other.instance, waitMs: 60_000 }, { deadlineMs: 3000 }));
  await codeOf(api.heartbeat({ instance, token: '' }));
  const start = performance.now();
  tracker.revokeJoinToken(made.id);
  expect(await waiting).toBe('unauthenticated: the join token this worker came with was revoked');
  expect(performance.now() - start).toBeLessThan(1000);
  expect(expelled).toEqual([instance]);
  expect(await codeOf(api.heartbeat({ instance, token: '' }))).toMatch(/^unauthenticated/);
  expect(await codeOf(renewIdentity(guestRenewal(server.address), identity))).toMatch(/^unauthenticated/);
  // The other's call ended by its own deadline.
  expect(await otherWaits).toMatch(/^unavailable/);
});

test('a token used twice, or for another role, is refused', async () => {
  const { made } = await guest();
  expect(await codeOf(guest('trainer', made))).toBe(
    'unauthenticated: the join token is refused: it was used before, as often as it may be',
  );
  const evaluators = tracker.createJoinToken(runId, { role: 'evaluator', maxUses: 1, expiresMs: Date.now() + 60_000 });
  expect(await codeOf(guest('trainer', evaluators))).toMatch(/it is for an evaluator, not for a trainer/);
});

test('a host that comes with wrong tokens is looked at twenty times a minute, and recorded as often', async () => {
  const wrong = { id: 'ab12cd34', secret: 'guessed' };
  for (let i = 0; i < 20; i++) expect(await codeOf(guest('trainer', wrong))).toMatch(/it is not known here$/);
  expect(await codeOf(guest())).toMatch(/^unauthenticated: 20 join tokens from this host were refused within 60 s/);
  expect(tracker.listEvents(runId).filter(({ message }) => message.startsWith('refused'))).toHaveLength(20);
});

test('a guest renews its certificate, with another key', async () => {
  const { identity, instance } = await guest();
  const renewed = await renewIdentity(guestRenewal(server.address), identity);
  expect(renewed.key).not.toBe(identity.key);
  const credentials = coordinatorCredentials(renewed);
  const connection = connect(CoordinatorServiceService, { address: server.address, credentials, retryForMs: 0 });
  open.push(connection);
  expect(await codeOf(connection.api.heartbeat({ instance, token: '' }))).toBe('answered');
});

test('a guest that joined for a place has it once the run says so, and else is turned away', async () => {
  const forPlace = { role: 'trainer', maxUses: 2, expiresMs: Date.now() + 60_000, seat: 1 } as const;
  const made = tracker.createJoinToken(runId, forPlace);
  const first = await guest('trainer', made);
  const second = await guest('trainer', made);
  const register = ({ api, instance, index }: typeof first): Promise<string> =>
    codeOf(api.register({ role: 'trainer', index, instance, pid: 9, facts }));
  expect([first.index, await register(first)]).toEqual([1, 'answered']);
  expect(await register(second)).toBe('unauthenticated: its place among the workers is not its own (any more)');
  expect(seated).toEqual([`trainer 1 ${first.instance}`, `trainer 1 ${second.instance}`]);
  expect(asked).toEqual([`register ${first.instance}`]);
});
