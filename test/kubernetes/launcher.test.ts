// The launcher against the API server alone: what becomes of pods is said here.
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openCluster } from '@calm-orch/coordinator/kubernetes';
import { ApiServer, type Pod } from './api-server.test-util.ts';

let server: ApiServer;
let dir: string;
let notes: string[];
const kubeconfig = process.env['KUBECONFIG'];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-launcher-'));
  notes = [];
  server = new ApiServer();
  await server.listen();
  process.env['KUBECONFIG'] = join(dir, 'kubeconfig');
  writeFileSync(process.env['KUBECONFIG'], server.kubeconfig);
});
afterEach(async () => {
  if (kubeconfig === undefined) delete process.env['KUBECONFIG'];
  else process.env['KUBECONFIG'] = kubeconfig;
  await server.shutDown();
  rmSync(dir, { recursive: true, force: true });
});

const slot = (index: number) => ({ role: 'trainer', index }) as const;
const launch = (more: { version?: string; address?: string; namespace?: string } = {}) => {
  const { version = 'v1', address = '10.0.0.9:7700', namespace = 'team' } = more;
  return openCluster().launch({
    run: { id: 'r-1', uid: 'ab12cd34', dir },
    options: { image: 'calm-orch:1', namespace, gpus: 1 },
    version,
    tokenOf: ({ index }) => `K10…::${index}.secret@${address}`,
    onNote: (message) => notes.push(message),
    leastMs: 50,
    pollMs: 5000,
  });
};
type Launcher = ReturnType<typeof launch>;

function start(launcher: Launcher, index: number) {
  const worker = launcher.start(slot(index));
  const state: { reason?: string; ending?: string; isHopeless?: boolean } = {};
  worker.ended.then(
    (end) => Object.assign(state, end),
    () => {},
  );
  return { worker, state };
}

const jobs = () => server.list('jobs').map(({ metadata }) => metadata.name);
const called = (method: string, path: RegExp) =>
  server.calls.filter((call) => call.method === method && path.test(call.path));

/** As the Job's controller makes one. */
function pod(job: string, index: number, status: Pod['status'], name = `${job}-${index}-x`): Pod {
  const { metadata, spec } = server.find('jobs', job)!;
  const object: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...{ name, namespace: 'team', uid: randomUUID(), resourceVersion: '', creationTimestamp: '' },
      labels: { ...metadata.labels, 'batch.kubernetes.io/job-name': job },
      annotations: { 'batch.kubernetes.io/job-completion-index': String(index) },
      ownerReferences: [{ kind: 'Job', name: job, uid: metadata.uid }],
    },
    spec: spec.template.spec,
    status,
  };
  server.put('pods', object);
  return object;
}
const finish = (object: Pod, exitCode: number, more: Readonly<Record<string, unknown>> = {}): void => {
  const state = { terminated: { exitCode, reason: 'Error', message: 'a line\nno engine here\n' } };
  object.status = {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    containerStatuses: [{ name: 'worker', state }],
    ...more,
  };
  server.put('pods', object);
};
const first = 'calm-orch-r-1-ab12cd34-trainer-1';

test('slots of a role are one Job, whose tokens are in a Secret that goes with it; what pods wait for is told', async () => {
  const launcher = launch();
  const workers = [start(launcher, 0), start(launcher, 1)];
  await expect.poll(() => server.find('secrets', first)?.metadata.ownerReferences).toHaveLength(1);
  expect(jobs()).toEqual([first]);
  expect(server.find('secrets', first)!.stringData).toEqual({
    0: 'K10…::0.secret@10.0.0.9:7700',
    1: 'K10…::1.secret@10.0.0.9:7700',
  });
  expect(JSON.stringify(server.find('jobs', first))).not.toContain('secret@');
  expect(server.find('jobs', first)!.spec.template.spec.containers[0]!.resources).toEqual({
    limits: { 'nvidia.com/gpu': 1 },
  });
  pod(first, 0, { phase: 'Running' });
  const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image "calm-orch:1"' };
  pod(first, 1, { phase: 'Pending', containerStatuses: [{ name: 'worker', state: { waiting } }] });
  await expect.poll(() => notes.at(-1)).toBe('trainer: 1 Running, 1 Pending (ImagePullBackOff)');
  expect([0, 1].map((index) => launcher.isWaiting(slot(index)))).toEqual([false, true]);
  expect(launcher.describe(slot(1))).toBe(
    `is Pending (ImagePullBackOff), pod ${first}-1-x: Back-off pulling image "calm-orch:1"; it last said: nothing`,
  );
  launcher.stop(
    workers.map(({ worker }) => worker),
    'orderly',
  );
  await expect.poll(() => workers.map(({ state }) => state.reason)).toEqual(Array(2).fill('was deleted with its run'));
  expect([jobs(), server.list('secrets')]).toEqual([[], []]);
});

test('an evicted pod is no failure, its index goes on; an index the Job has given up gets another Job', async () => {
  const launcher = launch();
  const workers = [start(launcher, 0), start(launcher, 1)];
  // As the pool does, at once.
  const again = workers.map(({ worker }, index) => worker.ended.then(() => start(launcher, index)));
  await expect.poll(jobs).toEqual([first]);
  const pods = [0, 1].map((index) => pod(first, index, { phase: 'Running' }));
  await expect.poll(() => launcher.isWaiting(slot(1))).toBe(false);
  const evicted = { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', message: 'a reason' };
  finish(pods[0]!, 143, { conditions: [evicted] });
  await expect
    .poll(() => workers[0]!.state)
    .toEqual({ ending: 'killed', reason: `was evicted (PreemptionByScheduler: a reason), pod ${first}-0-x` });
  pod(first, 0, { phase: 'Running' }, 'another');
  await expect.poll(() => launcher.describe(slot(0))).toContain('pod another');

  finish(pods[1]!, 1);
  const job = server.find('jobs', first)!;
  job.status = { failedIndexes: '1' };
  server.put('jobs', job);
  await expect.poll(jobs).toEqual([first, first.replace(/1$/, '2')]);
  expect(workers[1]!.state).toMatchObject({ ending: 'lost', reason: `ended with exit code 1, pod ${first}-1-x` });
  expect(launcher.describe(slot(1))).toContain('it last said: no engine here');
  const second = server.find('jobs', first.replace(/1$/, '2'))!;
  expect([second.metadata.annotations!['calm-orch/slots'], second.spec.completions]).toEqual(['1', 1]);
  for (const { worker } of await Promise.all(again)) worker.leave();
});

test('the next coordinator goes on with Jobs that are as it would make them; others, and those at another address, it replaces', async () => {
  const before = launch();
  const one = start(before, 0);
  await expect.poll(() => before.describe(slot(0))).toContain(`to come from Job ${first}`);
  one.worker.leave();

  const next = launch();
  const adopted = start(next, 0);
  await expect.poll(() => next.describe(slot(0))).toContain(`to come from Job ${first}`);
  expect(called('POST', /jobs$/)).toHaveLength(1);
  adopted.worker.leave();

  for (const [number, more] of [{ version: 'v2' }, { address: '10.0.0.10:7700' }].entries()) {
    const other = launch(more);
    const worker = start(other, 0);
    const name = first.replace(/1$/, String(number + 2));
    await expect.poll(jobs).toEqual([name]);
    worker.worker.leave();
  }
});

test('the pod of a worker that fell silent is deleted without waiting for its node', async () => {
  const launcher = launch();
  const { worker, state } = start(launcher, 0);
  await expect.poll(jobs).toEqual([first]);
  const lost = pod(first, 0, { phase: 'Running' });
  await expect.poll(() => launcher.isWaiting(slot(0))).toBe(false);
  launcher.stop([worker], 'silent');
  const again = start(launcher, 0);
  await expect.poll(() => state.reason).toBe('was not heard of any more');
  await expect.poll(() => called('DELETE', /pods\/.*-0-x$/)).not.toEqual([]);
  expect(JSON.parse(called('DELETE', /pods\//)[0]!.body)).toMatchObject({
    gracePeriodSeconds: 0,
    preconditions: { uid: lost.metadata.uid },
  });
  again.worker.leave();
});

test('while the server is away nothing ends and nothing is started twice; what it refuses outright ends the run', async () => {
  const launcher = launch();
  const { worker, state } = start(launcher, 0);
  await expect.poll(() => launcher.describe(slot(0))).toContain(`to come from Job ${first}`);
  await server.shutDown();
  await expect
    .poll(() => notes.at(-1))
    .toMatch(/^the server does not answer, what is known of it stays: the API server 127/);
  await server.listen();
  await expect.poll(() => notes.at(-1)).toBe('the server answers again');
  expect([state.ending, called('POST', /jobs$/).length]).toEqual([undefined, 1]);
  worker.leave();

  const refused = start(launch({ namespace: 'elsewhere' }), 0);
  await expect.poll(() => refused.state.isHopeless).toBe(true);
  expect(refused.state.reason).toMatch(/cannot be started: GET .*elsewhere.* is forbidden: User "me"/);
});

test('a watch that ends with 410 Gone has the next list come at once, and another watch', async () => {
  const launcher = launch();
  const { worker } = start(launcher, 0);
  await expect.poll(jobs).toEqual([first]);
  const watches = () => called('GET', /pods$/).filter(({ query }) => query['watch'] !== undefined);
  await expect.poll(watches).toHaveLength(1);
  server.compact();
  await expect.poll(watches, { timeout: 3000 }).toHaveLength(2);
  const [before, after] = watches().map(({ query }) => Number(query['resourceVersion']));
  expect(after).toBeGreaterThan(before!);
  // And nobody waits for the next list: that would be seconds later.
  pod(first, 0, { phase: 'Running' });
  await expect.poll(() => launcher.isWaiting(slot(0)), { timeout: 2000 }).toBe(false);
  worker.leave();
});
