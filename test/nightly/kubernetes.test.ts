// Pods that are evicted, deleted and killed, watches that expire, a server that restarts, and Ctrl-C: in a cluster of this
// test's own (test/kubernetes) a run comes to the bits of local workers.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { experiment, inCluster, isTraining, makePodRuns, type PodRuns } from '../kubernetes/pod-runs.test-util.ts';
import { until } from '../stories/story.test-util.ts';

vi.setConfig({ testTimeout: 900_000 });

let pods: PodRuns;
beforeEach(async () => void (pods = await makePodRuns()));
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.log(pods.outputs());
  await pods.close();
});

const longer = [...experiment, '--set', 'finetuneScore.steps=300'];

test('pods are evicted, deleted and killed, watches expire, the server restarts: the bits are those of local workers', async () => {
  const { runs, cluster, start, results } = pods;
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
  expect(results('pods')).toEqual(results('local'));
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
