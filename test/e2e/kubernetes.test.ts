// An API server and nodes of this test's own (test/kubernetes): no cluster was at hand. Workers are processes that do not see
// the run folder; whatever happens to their pods and to the server they train to the bits of local workers.
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeCluster, type Cluster } from '../kubernetes/nodes.test-util.ts';
import { program, until } from '../stories/story.test-util.ts';
import { makeRealRuns, smallRun, type RealRun, type RealRuns } from './real-run.test-util.ts';

vi.setConfig({ testTimeout: 600_000 });

let runs: RealRuns;
let cluster: Cluster;
let started: RealRun[];

beforeEach(async () => {
  runs = makeRealRuns();
  started = [];
  const { dir } = runs.folder('pods');
  mkdirSync(dir, { recursive: true });
  cluster = await makeCluster(dir);
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.log(started.map((run) => run.text()).join('\n'));
  if (task.result?.state === 'fail')
    for (const { metadata } of cluster.server.list('pods')) console.log(metadata.name, cluster.log(metadata.name));
  await cluster.close();
  runs.close();
});

const experiment = ['run', 'experiments/smoke.yaml', ...smallRun, '--set', 'finetuneScore.steps=300'];
const inCluster = ['--launcher', 'kubernetes', '--kube-image', 'registry/calm-orch:1'];
const start = (folder: string, args: readonly string[]): RealRun => {
  const run = runs.start(folder, args, cluster.env);
  started.push(run);
  return run;
};
/** What it prints; the server of this process answers it meanwhile. */
const calmOrch = async (...args: readonly string[]): Promise<string> => {
  const all = [program, ...args, '--dir', runs.folder('pods').dir];
  return (await promisify(execFile)(process.execPath, all, { env: { ...process.env, ...cluster.env } })).stdout;
};
const posted = (resource: string) =>
  cluster.server.calls.filter(({ method, path }) => method === 'POST' && path.endsWith(`/${resource}`));
const isTraining = (run: RealRun): boolean => /finetune-score: step \d/.test(run.text());
const results = (folder: string): unknown => ({ ...runs.outcome(folder).equal, metrics: null });

test('pods are evicted, deleted and killed, watches expire, the server restarts: the bits are those of local workers', async () => {
  const local = start('local', experiment);
  expect([await local.ended, local.text()]).toEqual([0, expect.stringContaining('succeeded')]);
  const run = start('pods', [...experiment, ...inCluster]);
  await until('it trains', () => isTraining(run));

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

  // Every role had one Job all the time; no credential is in one, and none is left.
  expect(posted('jobs').map(({ body }) => JSON.parse(body).spec.completionMode)).toEqual([
    'Indexed',
    'Indexed',
    'Indexed',
  ]);
  expect(posted('jobs').filter(({ body }) => body.includes('K10'))).toEqual([]);
  expect(cluster.server.list('jobs')).toEqual([]);
  await until(
    'nothing is left',
    () => cluster.server.list('pods').length + cluster.server.list('secrets').length === 0,
  );
});

test('the next coordinator finds the pods of one that was killed by their label; Ctrl-C saves and deletes them', async () => {
  const first = start('pods', [...experiment, ...inCluster]);
  await until('it trains', () => isTraining(first));
  first.child.kill('SIGKILL');
  const before = cluster.running('trainer').map(({ metadata }) => metadata.name);
  expect(before).toHaveLength(2);
  const { missing, cluster: found } = JSON.parse(await calmOrch('doctor', '--launcher', 'kubernetes', '--json')) as {
    missing: { what: string; remedy: string }[];
    cluster: { namespace: string; runs: object[] };
  };
  expect(found).toMatchObject({ namespace: 'team', runs: [{ run: 'smoke-1', status: 'failed' }] });
  expect(missing.find(({ what }) => what === 'an end of run smoke-1 in the cluster')?.remedy).toContain(
    'kubectl delete jobs,secrets -n team -l app.kubernetes.io/managed-by=calm-orch,app.kubernetes.io/instance=smoke-1-',
  );

  const second = start('pods', ['resume', '--gang-min-left', '0']);
  await until('it trains again', () => isTraining(second));
  expect(cluster.running('trainer').map(({ metadata }) => metadata.name)).toEqual(before);
  expect(posted('jobs')).toHaveLength(3);
  second.child.kill('SIGINT');
  expect(await second.ended).toBe(130);
  expect(second.text()).toContain('Stopping: workers save checkpoints');
  await until(
    'nothing is left',
    () => cluster.server.list('pods').length + cluster.server.list('secrets').length === 0,
  );
  expect(cluster.server.list('jobs')).toEqual([]);
});

test('manifests are printed before anything runs, and the official schemas accept them', async () => {
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
