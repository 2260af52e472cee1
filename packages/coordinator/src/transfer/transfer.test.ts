// Files between a run folder and a worker's own, over real gRPC: what is read and written, and by whom it is not.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CalmError, processPlace, sha256, writeFileAtomic } from '@calm-orch/core';
import {
  ArtifactServiceService,
  connect,
  Delivery,
  openOwnFolder,
  serve,
  tokenGate,
  type Api,
  type OwnFolder,
  type RunningServer,
  type WorkItem,
} from '@calm-orch/rpc';
import { publishArtifact } from '../artifacts/artifact.ts';
import { layoutOf, type Layout } from '../artifacts/layout.ts';
import type { LeaseRecord } from '../leases/records.ts';
import { artifactService } from './artifact-service.ts';

const never = new AbortController().signal;
const [input, other, stage] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string];
const large = randomBytes(3_500_000);
let dir: string;
let layout: Layout;
let server: RunningServer;
let api: Api<typeof ArtifactServiceService>;
let connection: { close(): void };
/** Tokens of living leases. */
let leases: Set<string>;
let isSuperseded: boolean;
/** What was asked for, and how much of it was sent. */
let asked: { method: string; bytes: number }[];
/** Before a call is answered. */
let onCall: (method: string) => unknown;
const opened: OwnFolder[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-transfer-'));
  layout = layoutOf(join(dir, 'runs'));
  for (const key of [input, other]) {
    const files = { 'data.bin': large, 'images/1.png': 'one', 'images/2.png': '' };
    for (const [name, content] of Object.entries(files)) write(join(layout.staging(key), name), content);
    await publishArtifact(layout, { key, kind: 'data', result: {}, ingredients: null });
  }
  leases = new Set(['first']);
  isSuperseded = false;
  asked = [];
  onCall = () => {};
  const handlers = artifactService({
    layout,
    lease: (token) =>
      leases.has(token)
        ? { stage: { key: stage, inputKeys: { data: input } } as unknown as LeaseRecord['stage'] }
        : null,
    assertHeld: () => {
      if (isSuperseded) throw new CalmError('superseded', 'the run is another coordinator’s');
    },
    limits: { maxFiles: 5, maxBytes: 10_000_000, reservedBytes: 0 },
  });
  server = await serve({
    address: '127.0.0.1:0',
    gate: tokenGate('secret'),
    name: 'calm.v1.ArtifactService',
    definition: ArtifactServiceService,
    handlers: {
      ...handlers,
      readFiles: async (request, call) => {
        await onCall('readFiles');
        const answer = await handlers.readFiles(request, call);
        asked.push({ method: 'readFiles', bytes: answer.pieces.reduce((sum, { length }) => sum + length, 0) });
        return answer;
      },
      writeFiles: async (request, call) => {
        await onCall('writeFiles');
        asked.push({ method: 'writeFiles', bytes: request.pieces.reduce((sum, { piece }) => sum + piece.length, 0) });
        return handlers.writeFiles(request, call);
      },
    },
  });
  const made = connect(ArtifactServiceService, { address: server.address, token: 'secret', retryForMs: 5000 });
  ({ api } = connection = made);
});
afterEach(async () => {
  for (const folder of opened.splice(0)) folder.close();
  connection.close();
  await server.close();
  rmSync(dir, { recursive: true, force: true });
});

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'answered',
    (error: CalmError) => `${error.code}: ${error.message}`,
  );

const sent = (method: string): number =>
  asked.filter((each) => each.method === method).reduce((sum, { bytes }) => sum + bytes, 0);

const entry = (path: string, content: string) => ({
  path,
  sizeBytes: Buffer.byteLength(content),
  sha256: sha256(content),
});
const offer = (...files: ReturnType<typeof entry>[]) =>
  api.offerFiles({ token: 'first', delivery: Delivery.RESULT, skip: 0, files });
const pieces = (path: string, offset: number, text: string) =>
  api.writeFiles({ token: 'first', delivery: Delivery.RESULT, pieces: [{ path, offset, piece: Buffer.from(text) }] });
const seal = () => api.sealFiles({ token: 'first', delivery: Delivery.RESULT });

function workOf(token: string, key = input): WorkItem {
  return {
    token,
    stage: { key: stage, kind: 'encode', config: {} },
    item: 0,
    attempt: 1,
    inputs: { data: '/not/here' },
    inputKeys: { data: key },
    outputDir: '/not/here',
    checkpointDir: '/not/here',
    checkpointEveryMs: 1000,
    keepCheckpoints: 0,
    optimizer: 'replicated',
    exchange: 'host',
    hangTimeoutMs: 1000,
  };
}

function ownFolder(maxBytes = 100e6): { readonly cache: string; begin(token: string): ReturnType<OwnFolder['begin']> } {
  const cache = join(dir, 'cache');
  const folder = openOwnFolder({ dir: cache, maxBytes, api });
  opened.push(folder);
  return { cache, begin: (token) => folder.begin(workOf(token), () => {}) };
}

test('an attempt reads its inputs by the names in their manifests, and nothing else', async () => {
  const read = (key: string, path: string, offset = 0, sizeBytes = 3) =>
    codeOf(api.readFiles({ token: 'first', key, ranges: [{ path, offset, sizeBytes }] }));
  expect(await read(input, 'images/1.png')).toBe('answered');
  expect(await read(other, 'images/1.png')).toMatch(/^not_found: artifact bbbbbbbb is no input/);
  expect(await codeOf(api.listFiles({ token: 'first', key: other, skip: 0 }))).toMatch(/^not_found/);
  write(join(layout.dir, 'authority.json'), 'the key');
  for (const path of ['../../authority.json', '/etc/passwd', 'images/../../../authority.json', 'images', 'none'])
    expect([path, await read(input, path)]).toEqual([path, expect.stringMatching(/^not_found: no file/)]);
  for (const path of ['../../authority.json', '/etc/passwd'])
    expect([path, await read('', path)]).toEqual([path, expect.stringMatching(/^not_found: no file/)]);
  expect(await read(input, 'images/1.png', 1)).toMatch(/^not_found/);
  expect(await read(input, 'data.bin', 0, 1_048_577)).toMatch(/^invalid_argument: pieces: at most/);
  leases.clear();
  expect(await read(input, 'images/1.png')).toMatch(/^lease_lost/);
});

test('what was not announced, ends elsewhere or is too much is not written', async () => {
  for (const path of ['../x', '/etc/x', 'a/../../x', 'a\\x', ''])
    expect([path, await codeOf(offer(entry(path, 'x')))]).toEqual([path, expect.stringMatching(/no name of a file/)]);
  expect(await codeOf(offer(entry('a', 'x'), { ...entry('b', ''), sizeBytes: 10_000_000 }))).toMatch(
    /more than 10000000/,
  );
  expect(await codeOf(offer(...['a', 'b', 'c', 'd', 'e', 'f'].map((name) => entry(name, 'x'))))).toMatch(
    /more than 5 files/,
  );
  expect(await codeOf(offer(entry('a', 'x'), entry('a/b', 'x')))).toMatch(/a\/b cannot lie beside the others/);
  expect(await codeOf(pieces('a', 0, 'x'.repeat(1_048_577)))).toMatch(/^invalid_argument: pieces: at most/);
  await offer(entry('model/weights', 'the weights'));
  expect(await codeOf(pieces('other', 0, 'x'))).toMatch(/"other" was not offered/);
  expect(await codeOf(pieces('model/weights', 4, 'x'))).toMatch(/do not go on at 0 of 11/);
  expect(await codeOf(pieces('model/weights', 0, 'the weights and more'))).toMatch(/do not go on/);
  expect(await codeOf(seal())).toMatch(/is not whole yet/);
  await pieces('model/weights', 0, 'the wei');
  // Again, as after an answer that was lost.
  await pieces('model/weights', 0, 'the weights');
  expect(existsSync(layout.attempt(stage, 'first'))).toBe(false);
  expect(await seal()).toEqual({ damaged: [] });
  expect(await seal()).toEqual({ damaged: [] });
  expect(readFileSync(join(layout.attempt(stage, 'first'), 'model/weights'), 'utf8')).toBe('the weights');
  expect(readdirSync(join(layout.dir, 'staging'))).toEqual([`${stage}-first`]);
});

test('bytes that are not those announced are found, and can be sent again', async () => {
  await offer(entry('a', 'right'), entry('b', 'whole'));
  await pieces('a', 0, 'wrong');
  await pieces('b', 0, 'whole');
  expect(await seal()).toEqual({ damaged: ['a'] });
  expect(existsSync(layout.attempt(stage, 'first'))).toBe(false);
  await pieces('a', 0, 'right');
  expect(await seal()).toEqual({ damaged: [] });
  expect(readFileSync(join(layout.attempt(stage, 'first'), 'a'), 'utf8')).toBe('right');
});

test('an item is computed in a folder of its own, though connections are cut on the way', async () => {
  const calls: string[] = [];
  onCall = async (method) => {
    calls.push(method);
    // In the second call of each, and what is under way beside it.
    if (calls.filter((call) => call === method).length !== 2) return;
    server.cut();
    await sleep(50);
  };
  const { begin, cache } = ownFolder();
  const files = begin('first');
  const { inputs, outputDir } = await files.fetch(never);
  expect(readFileSync(join(inputs['data']!, 'data.bin')).equals(large)).toBe(true);
  expect(readdirSync(join(inputs['data']!, 'images'))).toEqual(['1.png', '2.png']);
  // An answer that was cut off is asked for again, not the file.
  expect(sent('readFiles')).toBeLessThan(large.length + 3 * 1_048_576);
  write(join(outputDir, 'deep/out.bin'), large);
  symlinkSync('/etc/passwd', join(outputDir, 'link'));
  await files.deliver(never);
  expect(sent('writeFiles')).toBeLessThan(large.length + 3 * 1_048_576);
  for (const method of ['readFiles', 'writeFiles'])
    expect(calls.filter((call) => call === method).length).toBeGreaterThan(4);
  expect(readdirSync(layout.attempt(stage, 'first'))).toEqual(['deep']);
  expect(readFileSync(join(layout.attempt(stage, 'first'), 'deep/out.bin')).equals(large)).toBe(true);
  files.end();
  asked = [];
  leases.add('second');
  const again = begin('second');
  await again.fetch(never);
  again.end();
  expect(sent('readFiles')).toBe(0);
  expect(readdirSync(join(cache, 'uses'))).toEqual([]);
});

/** As `ownedName` says it, of a process of this machine that has ended. */
function nameOfDead(): string {
  const { pid } = spawnSync('true');
  return `${sha256(processPlace()).slice(0, 4)}-${pid}-abcd`;
}

test('what a process that was killed had fetched is not fetched again; what of it is damaged is', async () => {
  const { cache, begin } = ownFolder();
  const before = begin('first');
  await before.fetch(never);
  before.end();
  const manifest = readFileSync(join(cache, 'artifacts', input, 'manifest.json'));
  rmSync(join(cache, 'artifacts', input), { recursive: true });
  const left = join(cache, 'partial', `${input}~${nameOfDead()}`);
  write(join(left, 'manifest.json'), manifest);
  write(join(left, 'data.bin'), large.subarray(0, 3_000_000));
  write(join(left, 'images/1.png'), 'two');
  asked = [];
  const next = ownFolder().begin('first');
  const { inputs } = await next.fetch(never);
  expect(sent('readFiles')).toBe(500_000 + 3);
  const photo = join(inputs['data']!, 'images/1.png');
  expect(readFileSync(photo, 'utf8')).toBe('one');
  next.end();
  // What lies there is looked at by each process once.
  writeFileSync(photo, 'two');
  const last = ownFolder().begin('first');
  await last.fetch(never);
  expect(readFileSync(photo, 'utf8')).toBe('one');
  last.end();
});

test('the cache keeps to its size: the least recently used goes first, what is in use stays', async () => {
  const { cache, begin } = ownFolder(8e6);
  const before = ['d', 'e'].map((digit) => digit.repeat(64));
  for (const [i, key] of before.entries()) {
    write(join(cache, 'artifacts', key, 'data.bin'), large);
    write(join(cache, 'artifacts', key, 'manifest.json'), '{}');
    utimesSync(join(cache, 'artifacts', key, 'manifest.json'), 1000 + i, 1000 + i);
  }
  // By another worker of the host.
  write(join(cache, 'uses', `${before[0]}~ffff-1-abcd`), '');
  const files = begin('first');
  await files.fetch(never);
  expect(readdirSync(join(cache, 'artifacts')).sort()).toEqual([input, before[0]].sort());
  files.end();
  const small = ownFolder(3e6).begin('first');
  rmSync(join(cache, 'artifacts', input), { recursive: true });
  expect(await codeOf(small.fetch(never))).toMatch(/^io: inputs of this item do not fit into the 0.00300 GB/);
  small.end();
});

test('checkpoints are handed over as they are written; the next attempt goes on from them', async () => {
  const [checkpoints, saved] = [layout.checkpoint(stage), () => readdirSync(layout.checkpoint(stage)).sort()];
  write(join(checkpoints, 'step-1.json'), '1');
  write(join(checkpoints, 'step-1.safetensors'), 'one');
  const { begin } = ownFolder();
  const first = begin('first');
  const { checkpointDir } = await first.fetch(never);
  expect(readdirSync(checkpointDir).sort()).toEqual(['step-1.json', 'step-1.safetensors']);
  const save = (step: number, text: string): void => {
    writeFileAtomic(join(checkpointDir, `step-${step}.safetensors`), text);
    writeFileAtomic(join(checkpointDir, `step-${step}.json`), String(step));
  };
  save(2, 'two');
  await expect.poll(saved).toContain('step-2.json');
  for (const type of ['json', 'safetensors']) rmSync(join(checkpointDir, `step-1.${type}`));
  save(3, 'three');
  // Another member of the gang has saved one meanwhile: nobody else removes it.
  write(join(checkpoints, 'step-9.json'), '9');
  await first.keepCheckpoint(never);
  const all = ['step-2.json', 'step-2.safetensors', 'step-3.json', 'step-3.safetensors', 'step-9.json'];
  expect(saved()).toEqual(all);
  // Each file once: 2 and 3 with their manifests.
  expect(sent('writeFiles')).toBe('two2three3'.length);
  first.end();
  expect(existsSync(checkpointDir)).toBe(false);
  leases.add('second');
  const second = begin('second');
  const next = await second.fetch(never);
  expect(readdirSync(next.checkpointDir).sort()).toEqual(all);
  expect(readFileSync(join(next.checkpointDir, 'step-3.safetensors'), 'utf8')).toBe('three');
  second.end();
});

test('whoever lost its lease, or whose coordinator was superseded, changes no checkpoint and no result', async () => {
  write(join(layout.checkpoint(stage), 'step-1.json'), '1');
  for (const lose of [() => void (isSuperseded = true), () => leases.clear()]) {
    const files = ownFolder().begin('first');
    const { checkpointDir, outputDir } = await files.fetch(never);
    write(join(outputDir, 'out'), 'late');
    writeFileAtomic(join(checkpointDir, 'step-2.json'), '2');
    onCall = (method) => method === 'writeFiles' && lose();
    await files.keepCheckpoint(never);
    if (!isSuperseded) expect(await codeOf(files.deliver(never))).toMatch(/^(lease_lost|cancelled)/);
    files.end();
    isSuperseded = false;
    expect(readdirSync(layout.checkpoint(stage))).toEqual(['step-1.json']);
    expect(existsSync(layout.attempt(stage, 'first'))).toBe(false);
  }
});
