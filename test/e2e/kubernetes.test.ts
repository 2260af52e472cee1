// An API server and nodes of this test's own (test/kubernetes): no cluster was at hand. Workers are processes that do not see
// the run folder; whatever happens to their pods and to their coordinator they train to the bits of local workers.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { experiment, inCluster, isTraining, makePodRuns, type PodRuns } from '../kubernetes/pod-runs.test-util.ts';
import { until } from '../stories/story.test-util.ts';

vi.setConfig({ testTimeout: 600_000 });

let pods: PodRuns;
beforeEach(async () => void (pods = await makePodRuns()));
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.log(pods.outputs());
  await pods.close();
});

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
  expect(pods.results('pods')).toEqual(pods.results('local'));
  expect(runs.outcome('pods').audit.ok).toBe(true);

  // Every role had one Job all the time; no credential is in one, and none is left.
  expect(jobs().map(({ body }) => JSON.parse(body).spec.completionMode)).toEqual(['Indexed', 'Indexed', 'Indexed']);
  expect(jobs().filter(({ body }) => body.includes('K10'))).toEqual([]);
  await pods.nothingIsLeft();
});

test('manifests are printed before anything runs, and the official schemas accept them', async () => {
  const { runs, cluster, calmOrch } = pods;
  const { dir } = runs.folder('pods');
  const patch = join(dir, 'patch.yaml');
  writeFileSync(
    patch,
    'spec: {template: {spec: {containers: [{name: worker, resources: {limits: {cpu: "4", memory: 8Gi}}}]}}}',
  );
  const args = ['run', 'experiments/smoke.yaml', ...inCluster, '--kube-gpus', '1', '--kube-patch', patch, '--dry-run'];
  const stdout = await calmOrch(...args);
  expect(stdout.match(/^kind: \w+$/gm)).toEqual(
    ['Secret', 'Job', 'Secret', 'Job', 'Secret', 'Job'].map((kind) => `kind: ${kind}`),
  );
  expect(stdout).toContain('nvidia.com/gpu: 1');
  expect(stdout).toContain('memory: 8Gi');
  expect(cluster.server.calls).toEqual([]);

  const python = process.env['CALM_ORCH_PYTHON'] ?? 'python3';
  const file = join(dir, 'manifests.yaml');
  writeFileSync(file, stdout);
  if (spawnSync(python, ['-c', 'import kubernetes_validate']).status !== 0)
    return console.log('manifests not validated: kubernetes-validate is missing (pip install kubernetes-validate)');
  for (const manifests of [file, 'docs/kubernetes.yaml']) {
    const checked = spawnSync(python, ['-m', 'kubernetes_validate', '--strict', manifests], { encoding: 'utf8' });
    expect([checked.status, checked.stdout + checked.stderr]).toEqual([0, expect.any(String)]);
  }
});
