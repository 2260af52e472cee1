import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { CalmError, toCalmError, type WorkerFacts } from '@calm-orch/core';
import { ownedName, parseListen, socketAddress } from './address.ts';
import { connect } from './call.ts';
import { CoordinatorServiceService, Directive, type LeaseResponse } from './generated/calm/v1/coordinator.ts';
import { HealthService } from './generated/grpc/health/v1/health.ts';
import { tokenGate } from './gate.ts';
import { serve, type RunningServer } from './serve.ts';
import type { Api } from './service.ts';
import { tokenAccess } from './tensors/tensor-access.ts';
import { openTensorPlane } from './tensors/tensor-plane.ts';
import { fromFacts, fromPoint, fromResultMessage, toFacts, toPoint, toResultMessage } from './tensors/wire.ts';

type Handlers = Api<typeof CoordinatorServiceService>;

const unused = (): Promise<never> => Promise.reject(new CalmError('internal', 'not part of this test'));
const none: Handlers = {
  join: unused,
  register: unused,
  lease: unused,
  heartbeat: unused,
  report: unused,
  complete: unused,
  fail: unused,
};
const open: { close(): unknown }[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function start(handlers: Partial<Handlers>, address = '127.0.0.1:0'): Promise<RunningServer> {
  const definition = CoordinatorServiceService;
  const options = {
    address,
    gate: tokenGate('secret'),
    name: 'calm.v1.CoordinatorService',
    definition,
    onError: () => {},
  };
  const server = await serve({ ...options, handlers: { ...none, ...handlers } });
  open.push(server);
  return server;
}

function client(address: string, token = 'secret', retryForMs = 0): Handlers {
  const connection = connect(CoordinatorServiceService, { address, token, retryForMs });
  open.push(connection);
  return connection.api;
}

const failure = (call: Promise<unknown>): Promise<CalmError> =>
  call.then(() => Promise.reject(new Error('expected a failure')), toCalmError);

const facts: WorkerFacts = {
  host: 'here',
  place: 'boot/namespace',
  numCores: 4,
  numGpus: 1,
  threads: null,
  engine: { version: '2.20.0', instructionSet: 'AVX2' },
};
const register = { role: 'trainer', index: 3, instance: 'i', pid: 1, facts: toFacts(facts) };

describe('serve and connect', () => {
  it('repeat a call that waits for an answer when its connection is cut', async () => {
    let asked = 0;
    const server = await start({
      lease: () =>
        ++asked === 1 ? new Promise(() => {}) : Promise.resolve({ lease: undefined, directive: Directive.STOP }),
    });
    const answer = client(server.address, 'secret', 5000).lease(
      { instance: 'i', waitMs: 5000 },
      { deadlineMs: 10_000 },
    );
    while (asked === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    server.cut();
    expect((await answer).directive).toBe(Directive.STOP);
  });

  it('reach a port of this machine whatever proxies the environment names', async () => {
    for (const name of ['http_proxy', 'https_proxy', 'grpc_proxy']) vi.stubEnv(name, 'http://127.0.0.1:9');
    for (const name of ['no_proxy', 'no_grpc_proxy']) vi.stubEnv(name, '');
    const { address } = await start({ register: async () => ({ heartbeatIntervalMs: 1, leaseTtlMs: 2 }) });
    expect(await client(address).register(register)).toEqual({ heartbeatIntervalMs: 1, leaseTtlMs: 2 });
    const [owner, peer] = [0, 1].map(() => openTensorPlane({ address: '127.0.0.1:0', access: tokenAccess('t') }));
    open.push(await owner!, await peer!);
    (await owner!).publish('sums', Float32Array.of(1, 2));
    const tensor = (await peer!).pull((await owner!).address, 'sums', new AbortController().signal);
    expect(await tensor).toEqual(Float32Array.of(1, 2));
  });

  it('carry requests, responses and errors with their code and message', async () => {
    const { address } = await start({
      register: async ({ role, index }) => {
        if (index === 9) throw new CalmError('busy', `the ${role} is busy; wäit`);
        return { heartbeatIntervalMs: index, leaseTtlMs: 2 };
      },
    });
    const { register: call } = client(address);
    expect(await call(register)).toEqual({ heartbeatIntervalMs: 3, leaseTtlMs: 2 });
    const { code, message } = await failure(call({ ...register, index: 9 }));
    expect([code, message]).toEqual(['busy', 'the trainer is busy; wäit']);
  });

  it('turn away callers with another token', async () => {
    const { address } = await start({ register: async () => ({ heartbeatIntervalMs: 1, leaseTtlMs: 2 }) });
    const { code, message } = await failure(client(address, 'other').register(register));
    expect(code).toBe('unauthenticated');
    expect(message).toContain('the token is not that of this run');
  });

  it('wrap an unexpected error once and tell the server', async () => {
    const { address } = await start({ register: () => Promise.reject(new TypeError('oh')) });
    const { code, message } = await failure(client(address).register(register));
    expect([code, message]).toEqual(['internal', 'oh']);
  });

  it('repeat a call while nobody answers, and give up after a while', async () => {
    const first = await start({ heartbeat: async () => ({ directive: Directive.CONTINUE }) });
    const api = client(first.address, 'secret', 5000);
    await first.close();
    const call = api.heartbeat({ instance: 'i', token: '' });
    await start({ heartbeat: async () => ({ directive: Directive.STOP }) }, first.address);
    expect(await call).toEqual({ directive: Directive.STOP });
    const { code } = await failure(client('127.0.0.1:1').heartbeat({ instance: 'i', token: '' }));
    expect(code).toBe('unavailable');
  });

  it('try for as long as nobody has answered, not for each call anew', async () => {
    let nowMs = 0;
    const { api, close } = connect(CoordinatorServiceService, {
      address: '127.0.0.1:1',
      token: 'secret',
      retryForMs: 60_000,
      now: () => (nowMs += 20_000),
    });
    open.push({ close });
    const call = { instance: 'i', token: '' };
    expect((await failure(api.heartbeat(call))).code).toBe('unavailable');
    const calls = nowMs;
    expect((await failure(api.heartbeat(call))).code).toBe('unavailable');
    expect(nowMs - calls).toBe(40_000);
  });

  it('tell a handler when its caller has gone', async () => {
    const abort = new AbortController();
    let gone = (): void => {};
    const told = new Promise<void>((resolve) => (gone = resolve));
    const { address } = await start({
      lease: (_, { signal } = {}) => {
        signal!.addEventListener('abort', gone);
        abort.abort();
        return new Promise<LeaseResponse>(() => {});
      },
    });
    const call = client(address).lease({ instance: 'i', waitMs: 1 }, { signal: abort.signal });
    expect((await failure(call)).code).toBe('cancelled');
    await told;
  });

  it('say what is wrong with an address', async () => {
    const { address } = await start({});
    const { code, message } = await failure(start({}, address));
    expect(code).toBe('unavailable');
    expect(message).toMatch(/cannot listen on 127.0.0.1:\d+: another process uses it; choose another port/);
    for (const bad of ['example.org', ':80', '127.0.0.1', '127.0.0.1:70000', 'unix:/x:80'])
      expect(() => parseListen(bad)).toThrow(/--listen: expected 127.0.0.1:PORT, or HOST:PORT/);
    for (const every of ['0.0.0.0:80', '[::]:80']) expect(() => parseListen(every)).toThrow(/name the one by which/);
    expect(['localhost:0', 'node-7.example.org:80', '[fe80::1]:80'].map((text) => parseListen(text))).toEqual([
      { address: '127.0.0.1:0', port: 0, isForHosts: false },
      { address: 'node-7.example.org:80', port: 80, isForHosts: true },
      { address: '[fe80::1]:80', port: 80, isForHosts: true },
    ]);
  });

  it('answer health probes without a token', async () => {
    const { address } = await start({});
    const probe = new Client(address, credentials.createInsecure());
    open.push(probe);
    const { path, requestSerialize, responseDeserialize } = HealthService.check;
    const check = (service: string) =>
      new Promise((resolve) => {
        const done = (error: { code: number } | null, value: unknown): void => resolve(error?.code ?? value);
        probe.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service }, new Metadata(), done as never);
      });
    expect(await check('calm.v1.CoordinatorService')).toEqual({ status: 'SERVING' });
    expect(await check('')).toEqual({ status: 'SERVING' });
    expect(await check('other')).toBe(5);
  });
});

/** No process has this number: it is above the largest. */
const ofDeadProcess = (): string => ownedName().replace(`-${process.pid}-`, '-4194399-');

it('closes though a peer says nothing any more, as one whose host is gone', async () => {
  const server = await start({});
  const socket = connectSocket({ port: Number(server.address.split(':')[1]), allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  // HTTP/2's first words; then it neither answers nor ends.
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
  await once(socket, 'data');
  const startedMs = performance.now();
  await server.close(100);
  expect(performance.now() - startedMs).toBeLessThan(3000);
});

describe('a socket', () => {
  it('lies in the run folder, for its owner only; what a killed coordinator left goes, what is of another host or container stays', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'calm-orch-rpc-'));
    open.push({ close: () => rmSync(dir, { recursive: true }) });
    mkdirSync(join(dir, 'tmp'));
    const elsewhere = ofDeadProcess().replace(/^..../, '....');
    for (const name of [ofDeadProcess(), elsewhere]) writeFileSync(join(dir, 'tmp', name), '');
    const { address, remove } = socketAddress(dir, 'smoke-1');
    // Killed, it leaves its socket; the next one of the run listens at the same place.
    writeFileSync(address.slice('unix:'.length), '');
    expect(socketAddress(dir, 'smoke-1').address).toBe(address);
    expect(socketAddress(dir, 'smoke-2').address).not.toBe(address);
    const server = await start({ heartbeat: async () => ({ directive: Directive.CONTINUE }) }, address);
    const path = address.slice('unix:'.length);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(dir, 'tmp')).sort()).toEqual([elsewhere, basename(path)].sort());
    await client(address).heartbeat({ instance: 'i', token: '' });
    await server.close();
    writeFileSync(join(dir, 'tmp', ofDeadProcess()), '');
    remove();
    expect(readdirSync(join(dir, 'tmp'))).toEqual([elsewhere]);
  });

  it('lies in the temporary folder where the path would be too long for one', () => {
    const { address, remove } = socketAddress(longFolder(), 'smoke-1');
    expect(Buffer.byteLength(address)).toBeLessThan(107);
    remove();
  });

  const folderOf = (address: string): string => dirname(address.slice('unix:'.length));
  /** Too long for a socket; what is made of it goes with the test. */
  function longFolder(): string {
    const dir = mkdtempSync(join(tmpdir(), 'calm-orch-rpc-'));
    open.push({ close: () => rmSync(dir, { recursive: true }) });
    return join(dir, 'long/'.repeat(30));
  }

  it.each([
    ['a link to another folder', (at: string, other: string) => symlinkSync(other, at)],
    ['a link to nothing', (at: string, other: string) => symlinkSync(join(other, 'none'), at)],
    ['a folder that all may write to', (at: string) => (mkdirSync(at), chmodSync(at, 0o777))],
    ['a file', (at: string) => writeFileSync(at, '')],
  ])('lies elsewhere, for its owner only, where somebody has put %s in its place', async (_, put) => {
    const dir = longFolder();
    const expected = folderOf(socketAddress(dir, 'smoke-1').address);
    rmSync(expected, { recursive: true });
    const other = mkdtempSync(join(tmpdir(), 'calm-orch-other-'));
    open.push({ close: () => [expected, other].forEach((path) => rmSync(path, { recursive: true })) });
    const precious = ofDeadProcess();
    writeFileSync(join(other, precious), '');
    put(expected, other);
    const { address, remove } = socketAddress(dir, 'smoke-1');
    expect(folderOf(address)).not.toBe(expected);
    expect(lstatSync(folderOf(address)).mode & 0o777).toBe(0o700);
    expect(readdirSync(other)).toEqual([precious]);
    const server = await start({ heartbeat: async () => ({ directive: Directive.CONTINUE }) }, address);
    await client(address).heartbeat({ instance: 'i', token: '' });
    // Its workers find the next coordinator of the run.
    expect(socketAddress(dir, 'smoke-1', address).address).toBe(address);
    await server.close();
    remove();
    expect(existsSync(folderOf(address))).toBe(false);
  });

  it('lies elsewhere where the folder in the run folder is a link', () => {
    const dir = mkdtempSync(join(tmpdir(), 'calm-orch-rpc-'));
    const other = mkdtempSync(join(tmpdir(), 'calm-orch-other-'));
    open.push({ close: () => [dir, other].forEach((path) => rmSync(path, { recursive: true })) });
    const precious = ofDeadProcess();
    writeFileSync(join(other, precious), '');
    symlinkSync(other, join(dir, 'tmp'));
    const { address, remove } = socketAddress(dir, 'smoke-1');
    expect(address).not.toContain(dir);
    expect(readdirSync(other)).toEqual([precious]);
    remove();
    rmSync(folderOf(address), { recursive: true, force: true });
  });
});

describe('messages', () => {
  it('keep NaN losses, and make of a metric without a value null', () => {
    const progress = { step: 3, totalSteps: 10, metrics: { 'train/loss': Number.NaN }, samplesPerSecond: 2 };
    expect(fromPoint(toPoint(progress))).toEqual(progress);
    expect(fromResultMessage(toResultMessage({ metrics: { PLCC: null, SRCC: Number.NaN, unparsed: 0 } }))).toEqual({
      metrics: { PLCC: null, SRCC: null, unparsed: 0 },
    });
    expect(fromResultMessage(toResultMessage({ fingerprint: 'ab' }))).toEqual({ fingerprint: 'ab' });
    expect(fromResultMessage(undefined)).toEqual({});
  });

  it('bring what a worker says of itself, and refuse an engine that cannot be read', async () => {
    const heard: unknown[] = [];
    const { address } = await start({
      register: async ({ facts: said }) => {
        heard.push(fromFacts(said!));
        return { heartbeatIntervalMs: 1, leaseTtlMs: 2 };
      },
    });
    await client(address).register(register);
    await client(address).register({ ...register, facts: toFacts({ ...facts, threads: 2, engine: null }) });
    expect(heard).toEqual([facts, { ...facts, threads: 2, engine: null }]);
    const broken = { ...register, facts: { ...toFacts(facts), engineJson: '{' } };
    const { message } = await failure(client(address).register(broken));
    expect(message).toMatch(/engine: expected JSON, got "{"/);
  });
});
