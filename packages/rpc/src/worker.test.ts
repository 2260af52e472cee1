import { EventEmitter, once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { CalmError } from '@calm-orch/core';
import { AttemptFailure, type ComputeChild } from './compute-child.ts';
import { CoordinatorServiceService, Directive } from './generated/calm/v1/coordinator.ts';
import { serve } from './serve.ts';
import type { Api } from './service.ts';
import { toLease, type WorkItem } from './wire.ts';
import { runWorker } from './worker.ts';

const item = (number: number): WorkItem => ({
  token: `token ${number}`,
  stage: { key: `key ${number}`, kind: 'encode', config: {}, numItems: 1 },
  ...{ item: 0, attempt: 1, inputs: {}, outputDir: '', checkpointDir: '', checkpointEveryMs: 1000 },
  ...{ optimizer: 'replicated', hangTimeoutMs: 1000, shards: [], fromStep: 0 },
});

test('an answer about an item that is over does not end the computation of the next', async () => {
  const events = new EventEmitter();
  const happened: string[] = [];
  const answered = once(events, 'answered');
  const leases = [item(1), item(2)];
  const handlers: Api<typeof CoordinatorServiceService> = {
    register: () => Promise.resolve({ heartbeatIntervalMs: 5, leaseTtlMs: 1000 }),
    lease: () => {
      const next = leases.shift();
      return Promise.resolve({
        lease: next && toLease(next),
        directive: next ? Directive.CONTINUE : Directive.STOP,
      });
    },
    heartbeat: async ({ token }) => {
      if (token !== 'token 1') return { directive: Directive.CONTINUE };
      events.emit('asked');
      // Answered when the item is over: it is nobody's any more.
      await once(events, 'second begins');
      setTimeout(() => events.emit('answered'), 50);
      return { directive: Directive.DROP };
    },
    report: () => Promise.resolve({}),
    complete: ({ token }) => Promise.resolve(void happened.push(`completed ${token}`)).then(() => ({})),
    fail: ({ token, kind }) => Promise.resolve(void happened.push(`failed ${token} ${kind}`)).then(() => ({})),
    join: () => Promise.reject(new CalmError('internal', 'not part of this test')),
  };
  const options = { address: '127.0.0.1:0', token: 'secret', name: 'calm.v1.CoordinatorService', onError: () => {} };
  const server = await serve({ ...options, definition: CoordinatorServiceService, handlers });
  onTestFinished(() => server.close());
  // A compute child whose first item ends while the coordinator is being asked about it.
  let lose = (): void => {};
  const compute = {
    run: async ({ token }: WorkItem) => {
      if (token === 'token 1') return once(events, 'asked').then(() => ({}));
      events.emit('second begins');
      const lost = new Promise<never>((_, reject) => {
        lose = () => reject(new AttemptFailure('lost', 'killed'));
      });
      await Promise.race([lost, answered.then(() => new Promise((resolve) => setTimeout(resolve, 50)))]);
      return {};
    },
    roster: () => {},
    kill: () => lose(),
  } as unknown as ComputeChild;
  await runWorker({
    ...{ role: 'trainer', index: 0, address: server.address, token: 'secret', compute, log: () => {} },
    ...{ signal: new AbortController().signal, takeoverMs: 1000 },
  });
  expect(happened).toEqual(['completed token 1', 'completed token 2']);
});
