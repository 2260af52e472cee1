import { EventEmitter, once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { CalmError } from '@calm-orch/core';
import { AttemptFailure, type ComputeChild } from './compute/compute-child.ts';
import { CoordinatorServiceService, Directive, FailureKind } from './generated/calm/v1/coordinator.ts';
import { tokenGate } from './gate.ts';
import { serve } from './serve.ts';
import type { Api } from './service.ts';
import { toLease, type WorkItem } from './tensors/wire.ts';
import { runWorker } from './worker.ts';

const item = (number: number): WorkItem => ({
  token: `token ${number}`,
  stage: { key: `key ${number}`, kind: 'encode', config: {} },
  item: 0,
  attempt: 1,
  inputs: {},
  inputKeys: {},
  outputDir: '',
  checkpointDir: '',
  checkpointEveryMs: 1000,
  keepCheckpoints: 0,
  optimizer: 'replicated',
  exchange: 'host',
  hangTimeoutMs: 1000,
});

type Handlers = Api<typeof CoordinatorServiceService>;

const unused = (): Promise<never> => Promise.reject(new CalmError('internal', 'not part of this test'));

/** A worker gets these items one after the other, then is told to stop. */
async function work(items: readonly WorkItem[], compute: Partial<ComputeChild>, handlers: Partial<Handlers>) {
  const left = [...items];
  const all: Handlers = {
    register: () => Promise.resolve({ heartbeatIntervalMs: 5, leaseTtlMs: 1000 }),
    lease: () => {
      const next = left.shift();
      return Promise.resolve({
        lease: next && toLease(next),
        directive: next ? Directive.CONTINUE : Directive.STOP,
      });
    },
    heartbeat: () => Promise.resolve({ directive: Directive.CONTINUE }),
    report: () => Promise.resolve({}),
    complete: unused,
    fail: unused,
    join: unused,
    ...handlers,
  };
  const options = {
    address: '127.0.0.1:0',
    gate: tokenGate('secret'),
    name: 'calm.v1.CoordinatorService',
    onError: () => {},
  };
  const server = await serve({ ...options, definition: CoordinatorServiceService, handlers: all });
  onTestFinished(() => server.close());
  await runWorker({
    role: 'trainer',
    index: 0,
    instance: 'i',
    facts: { host: 'here', place: 'boot', numCores: 1, numGpus: 0, threads: null, engine: null },
    address: server.address,
    token: 'secret',
    log: () => {},
    compute: { roster: () => {}, kill: () => {}, ...compute } as ComputeChild,
    signal: new AbortController().signal,
    takeoverMs: 1000,
  });
}

test('an answer about an item that is over does not end the computation of the next', async () => {
  const events = new EventEmitter();
  const happened: string[] = [];
  const answered = once(events, 'answered');
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
    kill: () => lose(),
  };
  await work([item(1), item(2)], compute, {
    heartbeat: async ({ token }) => {
      if (token !== 'token 1') return { directive: Directive.CONTINUE };
      events.emit('asked');
      // Answered when the item is over: it is nobody's any more.
      await once(events, 'second begins');
      setTimeout(() => events.emit('answered'), 50);
      return { directive: Directive.DROP };
    },
    complete: ({ token }) =>
      Promise.resolve(void happened.push(`completed ${token}`)).then(() => ({ next: undefined })),
    fail: ({ token, kind }) => Promise.resolve(void happened.push(`failed ${token} ${kind}`)).then(() => ({})),
  });
  expect(happened).toEqual(['completed token 1', 'completed token 2']);
});

test('an error that was raised is told with its stack, a computation that was lost without one', async () => {
  const told: unknown[] = [];
  const compute = {
    run: ({ token }: WorkItem): Promise<never> =>
      Promise.reject(
        token === 'token 1' ? new AttemptFailure('raised', 'bad', 'at step') : new AttemptFailure('lost', 'killed'),
      ),
  };
  const fail: Handlers['fail'] = async (failure) => {
    told.push(failure);
    return {};
  };
  await work([item(1), item(2)], compute, { fail });
  expect(told).toEqual([
    { token: 'token 1', kind: FailureKind.RAISED, reason: 'bad', stack: 'at step' },
    { token: 'token 2', kind: FailureKind.LOST, reason: 'killed', stack: '' },
  ]);
});
