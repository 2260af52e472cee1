// Real TLS over loopback, real certificates.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CalmError } from '@calm-orch/core';
import { connect } from '../call.ts';
import type { Gate } from '../gate.ts';
import { EnrollmentServiceService, type EnrollRequest } from '../generated/calm/v1/enrollment.ts';
import { serve, type RunningServer } from '../serve.ts';
import { certificateMs, openAuthority, rotateAuthority, type Authority } from './authority.ts';
import { certificatesOf, fingerprintOf, leafOf, subjectOf, type Identity, type Subject } from './certificates.ts';
import { createVerifier, tlsClientCredentials, TlsServerCredentials } from './credentials.ts';
import { formatToken, parseToken } from './join-token.ts';
import { joinRun } from './membership.ts';

let dir: string;
let authority: Authority;
const open: { close(): unknown }[] = [];
const coordinator: Subject = { name: 'run-1', role: 'coordinator', run: 'run-1' };
const trainer: Subject = { name: 'worker a', role: 'trainer', run: 'run-1' };

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-tls-'));
  authority = await openAuthority(dir);
});
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Served {
  readonly as?: Subject;
  readonly by?: Authority;
  readonly clock?: () => number;
}

/** A server that tells callers, by certificate, who they are; all it was asked to enroll is in `enrolled`. */
async function start({ as = coordinator, by = authority, clock = Date.now }: Served = {}) {
  const enrolled: EnrollRequest[] = [];
  const verify = createVerifier(() => by.authorities, clock);
  const gate: Gate = (call, method) => {
    if (method !== 'renew') return { certified: null };
    const certified = verify(call.certificate);
    if (certified === null) throw new CalmError('unauthenticated', 'no good certificate');
    return { certified };
  };
  const rest = { authorities: by.authorities, index: 3, takeoverMs: 5, probePath: '/p', probe: 'x' };
  const server: RunningServer = await serve({
    address: '127.0.0.1:0',
    credentials: new TlsServerCredentials(await by.identify(as)),
    gate,
    name: 'calm.v1.EnrollmentService',
    definition: EnrollmentServiceService,
    handlers: {
      authorities: () => Promise.resolve({ authorities: by.roots }),
      enroll: async (request) => {
        enrolled.push(request);
        return { ...rest, chain: await by.certify(request.request, trainer), instance: trainer.name };
      },
      renew: (_request, call) =>
        Promise.resolve({ authorities: '', chain: JSON.stringify(call?.caller?.certified?.subject) }),
    },
  });
  open.push(server);
  return { address: server.address, enrolled };
}

/** Whom the server takes the identity for. */
async function knownAs(address: string, identity: Identity, run = 'run-1'): Promise<unknown> {
  const credentials = tlsClientCredentials(identity, { run, roles: ['coordinator'] });
  const connection = connect(EnrollmentServiceService, { address, credentials, retryForMs: 0 });
  open.push(connection);
  return JSON.parse((await connection.api.renew({ request: '', instance: '', role: '' })).chain);
}

const failure = async (work: Promise<unknown>): Promise<[string, string]> => {
  const error = await work.then(
    () => new CalmError('internal', 'nothing was thrown'),
    (thrown: CalmError) => thrown,
  );
  return [error.code, error.message];
};

test('an authority is made once, also by two at once, and nobody else may read its key', async () => {
  const other = mkdtempSync(join(tmpdir(), 'calm-orch-tls-'));
  try {
    const made = await Promise.all([1, 2, 3].map(() => openAuthority(other)));
    expect(new Set(made.map(({ fingerprint }) => fingerprint)).size).toBe(1);
    expect(statSync(join(other, 'authority.json')).mode & 0o777).toBe(0o600);
    writeFileSync(join(other, 'authority.json'), '{"key": "');
    expect(await failure(openAuthority(other))).toEqual([
      'bad_data',
      expect.stringContaining('not a certificate authority'),
    ]);
  } finally {
    rmSync(other, { recursive: true });
  }
});

test('a certificate says whose it is, lasts a day, and its key is in no file', async () => {
  const identity = await authority.identify(trainer);
  const leaf = leafOf(identity);
  expect(subjectOf(leaf)).toEqual(trainer);
  expect(Date.parse(leaf.validTo) - Date.now()).toBeGreaterThan(certificateMs - 5000);
  expect(Date.parse(leaf.validTo) - Date.now()).toBeLessThanOrEqual(certificateMs);
  expect(readFileSync(join(dir, 'authority.json'), 'utf8')).not.toContain(identity.key.split('\n')[1]);
  const [code] = await failure(authority.certify('no request', trainer));
  expect(code).toBe('invalid_argument');
});

test('a bearer of a token joins, and is known by its certificate from then on', async () => {
  const { address, enrolled } = await start();
  const token = { fingerprint: authority.fingerprint, id: '0123abcd', secret: 'f'.repeat(64), address };
  const parsed = parseToken(` ${formatToken(token)}\n`);
  expect(parsed).toEqual(token);
  const { signal } = new AbortController();
  const joined = await joinRun(parsed, { role: 'trainer', signal, retryForMs: 0 });
  expect(joined).toMatchObject({ instance: 'worker a', index: 3, takeoverMs: 5, probe: { path: '/p', text: 'x' } });
  expect(enrolled).toMatchObject([{ tokenId: '0123abcd', secret: 'f'.repeat(64), role: 'trainer' }]);
  expect(enrolled[0]!.request).not.toContain('PRIVATE');
  expect(await knownAs(address, joined.identity)).toEqual(trainer);
});

test('a coordinator of another authority is told no secret', async () => {
  const { address, enrolled } = await start();
  const token = { fingerprint: 'a'.repeat(64), id: '0123abcd', secret: 'f'.repeat(64), address };
  const { signal } = new AbortController();
  const joining = joinRun(token, { role: 'trainer', signal, retryForMs: 0 });
  expect(await failure(joining)).toEqual([
    'unauthenticated',
    expect.stringContaining("the token's secret was not sent"),
  ]);
  expect(enrolled).toEqual([]);
  // One that shows the right authority, and has a certificate of another.
  const impostor = await openAuthority(mkdtempSync(join(dir, 'impostor-')));
  const shown = { ...impostor, roots: authority.roots };
  const second = await start({ by: shown });
  const [code] = await failure(
    joinRun(
      { ...token, fingerprint: authority.fingerprint, address: second.address },
      { role: 'trainer', signal, retryForMs: 0 },
    ),
  );
  expect(code).toBe('unavailable');
  expect(second.enrolled).toEqual([]);
});

test('certificates of another authority, and those that have expired, are refused; so is a worker in the place of the coordinator', async () => {
  const { address } = await start();
  const stranger = await (await openAuthority(mkdtempSync(join(dir, 'other-')))).identify(trainer);
  const known = { ...stranger, authorities: authority.authorities };
  expect((await failure(knownAs(address, known)))[0]).toMatch(/unauthenticated|unavailable/);
  const late = await start({ clock: () => Date.now() + certificateMs + 1000 });
  expect(await failure(knownAs(late.address, await authority.identify(trainer)))).toEqual([
    'unauthenticated',
    'no good certificate',
  ]);
  const worker = await start({ as: trainer });
  const [code, message] = await failure(knownAs(worker.address, await authority.identify(trainer)));
  expect([code, message]).toEqual(['unavailable', expect.stringContaining('it is not the coordinator of run run-1')]);
  const [otherRun] = await failure(knownAs(address, await authority.identify(trainer), 'run-2'));
  expect(otherRun).toBe('unavailable');
});

test('another key signs once everybody has heard of it; the one before is trusted no longer once nobody needs it', async () => {
  // Certificates are compared with the real time: the rotation is a day ago.
  let nowMs = Date.now() - certificateMs - 1000;
  const clock = (): number => nowMs;
  const before = await authority.identify(trainer);
  const trusts = ({ authorities }: { readonly authorities: string }): string[] =>
    certificatesOf(authorities).map(fingerprintOf);
  const rotated = await rotateAuthority(dir, clock);
  expect(rotated.fingerprint).toBe(authority.fingerprint);
  const [newest, old] = trusts(rotated);
  expect([newest === old, old]).toEqual([false, authority.fingerprint]);
  await expect(rotateAuthority(dir, clock)).rejects.toThrow(/still in use; another key can be made from/);

  nowMs = Date.now();
  const switched = await openAuthority(dir, clock);
  expect([switched.fingerprint, trusts(switched)]).toEqual([newest, [newest, old]]);
  const server = await start({ by: switched });
  expect(await knownAs(server.address, before)).toEqual(trainer);
  expect(await knownAs(server.address, await switched.identify(trainer))).toEqual(trainer);
  const token = { fingerprint: authority.fingerprint, id: '0123abcd', secret: 'f'.repeat(64), address: server.address };
  const { signal } = new AbortController();
  await expect(joinRun(token, { role: 'trainer', signal, retryForMs: 0 })).resolves.toMatchObject({ index: 3 });

  nowMs += certificateMs;
  expect(trusts(await openAuthority(dir, clock))).toEqual([newest]);
  await expect(rotateAuthority(dir, clock)).resolves.toMatchObject({ fingerprint: newest });
});

test('nothing older than TLS 1.3 is spoken', async () => {
  const { address } = await start();
  const port = Number(address.split(':')[1]);
  const said = await new Promise<string>((resolve) => {
    const options = { host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'] };
    const socket = connectTls({ ...options, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }, () => resolve('connected'));
    socket.once('error', ({ message }) => resolve(message));
    open.push({ close: () => socket.destroy() });
  });
  expect(said).toMatch(/protocol version/);
});

test.each(['', 'K10abc', `K10${'a'.repeat(64)}::12345678.${'b'.repeat(64)}`, `K10${'a'.repeat(64)}::1.2@h:1`])(
  'a token that is cut off, as %s, is refused without repeating it',
  (text) => {
    expect(() => parseToken(text)).toThrow(/^--join: expected a token as `calm-orch token create` prints it/);
  },
);
