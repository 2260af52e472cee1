// What a cluster is to be asked for. Runs in one: test/nightly/kubernetes.test.ts.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { inCluster, makePodRuns, type PodRuns } from '../kubernetes/pod-runs.test-util.ts';

vi.setConfig({ testTimeout: 600_000 });

let pods: PodRuns;
beforeEach(async () => void (pods = await makePodRuns()));
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.log(pods.outputs());
  await pods.close();
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
