// An API server and nodes of this test's own (test/kubernetes): no cluster was at hand. Workers are processes that do not see
// the run folder; whatever happens to their pods, to the server and to their coordinator they train to the bits of local workers.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isTraining } from '../e2e/real-run.test-util.ts';
import { experiment, inCluster, makePodRuns, type PodRuns } from '../kubernetes/pod-runs.test-util.ts';
import { until } from '../stories/story.test-util.ts';

vi.setConfig({ testTimeout: 900_000 });

let pods: PodRuns;
beforeEach(async () => void (pods = await makePodRuns()));
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.log(pods.outputs());
  await pods.close();
});

const longer = [...experiment, '--set', 'finetuneScore.steps=300'];

test('a pod is evicted, the coordinator killed: the next finds the pods by their label, the bits are those of local workers', async () => {
  const { runs, cluster, start, calmOrch, jobs } = pods;
  await runs.copy('undisturbed', 'local');
  const first = start('pods', [...experiment, ...inCluster]);
  await until('it trains', () => isTraining(first), 240_000);
  const [evicted] = cluster.running('trainer');
  cluster.server.evict(evicted!.metadata.name);
  await until('another has its place', () => cluster.running('trainer').length === 2);
  expect(cluster.log(evicted!.metadata.name)).toContain('ends, as it was told to');
  await until('the run tells', () => /kubernetes: .*trainer: 2 Running/.test(first.text()));

  first.child.kill('SIGKILL');
  const before = cluster.running('trainer').map(({ metadata }) => metadata.name);
  const { missing, cluster: found } = JSON.parse(await calmOrch('doctor', '--launcher', 'kubernetes', '--json')) as {
    missing: { what: string; remedy: string }[];
    cluster: { namespace: string; runs: object[] };
  };
  expect(found).toMatchObject({ namespace: 'team', runs: [{ run: 'smoke-1', status: 'failed' }] });
  expect(missing.find(({ what }) => what === 'an end of run smoke-1 in the cluster')?.remedy).toContain(
    'kubectl delete jobs,secrets -n team -l app.kubernetes.io/managed-by=calm-orch,app.kubernetes.io/instance=smoke-1-',
  );

  const second = start('pods', ['resume', '--gang-min-left', '0']);
  await until('it trains again', () => isTraining(second), 240_000);
  expect(cluster.running('trainer').map(({ metadata }) => metadata.name)).toEqual(before);
  expect([await second.ended, second.text()]).toEqual([0, expect.stringContaining('succeeded')]);
  expect(runs.results('pods')).toEqual(runs.results('local'));
  expect(runs.outcome('pods').audit.ok).toBe(true);

  // Every role had one Job all the time; no credential is in one, and none is left.
  expect(jobs().map(({ body }) => JSON.parse(body).spec.completionMode)).toEqual(['Indexed', 'Indexed', 'Indexed']);
  expect(jobs().filter(({ body }) => body.includes('K10'))).toEqual([]);
  await pods.nothingIsLeft();
});

test('pods are evicted, deleted and killed, watches expire, the server restarts: the bits are those of local workers', async () => {
  const { runs, cluster, start } = pods;
  const local = start('local', longer);
  expect([await local.ended, local.text()]).toEqual([0, expect.stringContaining('succeeded')]);
  const run = start('pods', [...longer, ...inCluster]);
  await until('it trains', () => isTraining(run), 240_000);

  const [evicted] = cluster.running('trainer');
  cluster.server.evict(evicted!.metadata.name);
  await until('another has its place', () => cluster.running('trainer').length === 2);
  expect(cluster.log(evicted!.metadata.name)).toContain('ends, as it was told to');
  await until('the run tells', () => /kubernetes: .*trainer: 2 Running/.test(run.text()));

  cluster.server.compact();
  const [killed, deleted] = cluster.running('trainer');
  cluster.kill(killed!.metadata.name);
  await until('the one that failed is replaced', () => cluster.running('trainer').length === 2);
  cluster.server.nodes.deletePod(deleted!, 60);
  await until('the one that was deleted is replaced', () => cluster.running('trainer').length === 2);

  await cluster.server.shutDown();
  await sleep(3000);
  await cluster.server.listen();
  expect([await run.ended, run.text()]).toEqual([0, expect.stringContaining('succeeded')]);
  expect(run.text()).toContain('the server answers again');
  expect(runs.results('pods')).toEqual(runs.results('local'));
  expect(runs.outcome('pods').audit.ok).toBe(true);
  await pods.nothingIsLeft();
});

test('Ctrl-C saves and deletes the pods', async () => {
  const run = pods.start('pods', [...experiment, ...inCluster]);
  await until('it trains', () => isTraining(run), 240_000);
  run.child.kill('SIGINT');
  expect(await run.ended).toBe(130);
  expect(run.text()).toContain('Stopping: workers save checkpoints');
  await pods.nothingIsLeft();
});
