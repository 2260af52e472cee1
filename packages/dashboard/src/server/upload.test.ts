// What is sent: how far it is read, what the answer says of it, and that nobody is waited for in vain.
import { request } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CalmError } from '@calm-orch/core';
import type { PageSources } from './sources.ts';
import { makeRun, noSources, serve, temporaryFolder, writing, type Served } from './served.test-util.ts';

let served: Served;
let look: PageSources['tryPhotograph'];
beforeEach(async () => {
  const dir = temporaryFolder();
  writing(dir, makeRun);
  const sources: PageSources = { ...noSources, tryPhotograph: (...asked) => look(...asked) };
  served = await serve(dir, { sources });
});
afterEach(() => served.close());

interface Posted {
  readonly status: number;
  readonly message: string;
  readonly connection: string | undefined;
}

function post(pieces: readonly Buffer[], headers: Readonly<Record<string, string | number>> = {}) {
  const path = '/api/runs/x-1/try?row=all&seed=0';
  const own = { origin: `http://127.0.0.1:${served.port}`, ...headers };
  const sent = request({ host: '127.0.0.1', port: served.port, path, method: 'POST', headers: own, agent: false });
  const answered = new Promise<Posted>((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (reply) => {
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (part: string) => (text += part));
      reply.on('end', () => {
        const { message } = (JSON.parse(text) as { error: { message: string } }).error;
        resolve({ status: reply.statusCode!, message, connection: reply.headers.connection });
        sent.destroy();
      });
    });
  });
  for (const piece of pieces) sent.write(piece);
  return { sent, answered };
}

const megabyte = Buffer.alloc(1_000_000);
/** Reads all, and refuses it. */
const reads: PageSources['tryPhotograph'] = async (_, body) => {
  let numBytes = 0;
  for await (const piece of body) numBytes += piece.length;
  throw new CalmError('bad_data', `${numBytes} bytes`);
};

test('50 MB are read to the last byte, one more is not', async () => {
  look = reads;
  const { sent, answered } = post(new Array<Buffer>(50).fill(megabyte));
  sent.end();
  expect(await answered).toMatchObject({ status: 500, message: '50000000 bytes' });
  const more = post([...new Array<Buffer>(50).fill(megabyte), Buffer.alloc(1)]);
  more.sent.end();
  expect(await more.answered).toMatchObject({ status: 413, connection: 'close' });
});

test('a length that is too large is refused before a byte of it is there', async () => {
  look = reads;
  const { answered } = post([Buffer.alloc(1)], { 'content-length': 1e9 });
  expect(await answered).toMatchObject({ status: 413, message: expect.stringContaining('larger than 50 MB') });
});

test.each([
  [413, new CalmError('invalid_argument', 'vast', { data: { reason: 'size' } })],
  [415, new CalmError('invalid_argument', 'none', { data: { reason: 'format' } })],
  [503, new CalmError('busy', 'another')],
  [404, new CalmError('unavailable', 'no model')],
  [504, new CalmError('unavailable', 'late', { data: { httpStatus: 504 } })],
])('the status of a refusal is %d', async (status, error) => {
  look = () => Promise.reject(error);
  const { sent, answered } = post([Buffer.alloc(10)]);
  sent.end();
  expect(await answered).toMatchObject({ status, message: error.message });
});

test('who goes away is not answered: what looks at the photograph is told', async () => {
  const gone = new Promise<void>((resolve, reject) => {
    look = async (_, body, signal) => {
      for await (const _piece of body);
      sent.destroy();
      signal.addEventListener('abort', () => resolve());
      await new Promise((later) => setTimeout(later, 10_000).unref());
      reject(new Error('nobody told it'));
      throw new CalmError('internal', 'it went on');
    };
  });
  const { sent, answered } = post([Buffer.alloc(10)]);
  answered.catch(() => {});
  sent.end();
  await expect(gone).resolves.toBeUndefined();
});

test('a trial that is not there is asked nothing', async () => {
  let isAsked = false;
  look = () => {
    isAsked = true;
    return Promise.reject(new CalmError('internal', 'asked'));
  };
  const origin = `http://127.0.0.1:${served.port}`;
  expect((await served.ask('/api/runs/x-1/try?row=none&seed=0', { origin }, 'POST')).status).toBe(404);
  expect((await served.ask('/api/runs/x-1/try?row=all&seed=a', { origin }, 'POST')).status).toBe(400);
  expect(isAsked).toBe(false);
});
