// A real Slurm on this machine (test/slurm): its array elements train to the bits of local workers.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeSlurmCluster, type SlurmCluster } from '../slurm/slurm-cluster.test-util.ts';
import { until } from '../stories/story.test-util.ts';
import { makeRealRuns, smallRun, type RealRuns } from './real-run.test-util.ts';

let runs: RealRuns;
let slurm: SlurmCluster | null = null;

beforeAll(() => {
  runs = makeRealRuns();
  const made = makeSlurmCluster();
  if ('missing' in made) console.log(`Slurm not tried: ${made.missing}`);
  else slurm = made;
});
afterAll(() => {
  slurm?.close();
  runs.close();
});

const smoke = ['run', 'experiments/smoke.yaml'];

test('the smoke experiment under Slurm ends as it does with local workers, with few calls, and leaves nothing', async () => {
  if (slurm === null) return expect(slurm).toBe(null);
  const local = runs.start('local', smoke);
  expect([await local.ended, local.text()]).toEqual([0, expect.stringContaining('succeeded')]);
  const run = runs.start('slurm', [...smoke, '--launcher', 'slurm'], slurm.env);
  const startedMs = Date.now();
  expect([await run.ended, run.text()]).toEqual([0, expect.stringContaining('succeeded')]);
  const seconds = (Date.now() - startedMs) / 1000;
  expect(runs.outcome('slurm').equal).toEqual(runs.outcome('local').equal);

  // One at the start, then one in ten seconds at most; an array a role; one order to end them all.
  expect(slurm.calls('squeue').length).toBeLessThanOrEqual(1 + Math.ceil(seconds / 10));
  expect(slurm.calls('sbatch')).toHaveLength(3);
  expect(slurm.calls('scancel')).toHaveLength(1);
  expect(slurm.calls('sbatch').map(({ args }) => /--job-name=\S+/.exec(args)?.[0])).toEqual(
    ['augmentor', 'trainer', 'evaluator'].map((role) => `--job-name=calm-orch:smoke-1:${role}`),
  );
  // No credential where others can read it.
  expect(slurm.calls().filter(({ args }) => args.includes('K10'))).toEqual([]);
  const { dir } = runs.folder('slurm');
  expect(existsSync(join(dir, 'joins/smoke-1'))).toBe(false);
  expect(readdirSync(join(dir, 'logs/smoke-1')).sort()).toEqual(
    ['augmentor-0', 'augmentor-1', 'evaluator-0', 'trainer-0', 'trainer-1'].map((name) => `${name}.log`),
  );
  await until('the queue is empty', () => slurm!.slurm('squeue', '--noheader') === '');
});

test('a coordinator that is killed leaves elements that the next one takes over; Ctrl-C saves and cancels them', async () => {
  if (slurm === null) return expect(slurm).toBe(null);
  const steps = ['--set', 'finetuneScore.steps=250'];
  const local = runs.start('quiet', [...smoke, ...smallRun, ...steps]);
  expect(await local.ended).toBe(0);
  const first = runs.start('saved', [...smoke, ...smallRun, ...steps, '--launcher', 'slurm'], slurm.env);
  const isTraining = (run: { text(): string }): boolean => /finetune-score: step \d/.test(run.text());
  await until('it trains', () => isTraining(first));
  const { dir } = runs.folder('saved');
  const joinFiles = readdirSync(join(dir, 'joins/smoke-1'));
  expect(joinFiles.length).toBeGreaterThan(3);
  for (const name of joinFiles) expect(statSync(join(dir, 'joins/smoke-1', name)).mode & 0o777).toBe(0o600);
  first.child.kill('SIGKILL');
  const trainers = ['--noheader', '-r', '-o', '%i %T', '--name=calm-orch:smoke-1:trainer'];
  const before = slurm.slurm('squeue', ...trainers);
  expect(before).toMatch(/^\d+_\d RUNNING\n\d+_\d RUNNING\n$/);

  const second = runs.start('saved', ['resume', '--gang-min-left', '0'], slurm.env);
  await until('it trains again', () => isTraining(second));
  expect(slurm.slurm('squeue', ...trainers)).toBe(before);
  second.child.kill('SIGINT');
  expect(await second.ended).toBe(130);
  expect(second.text()).toContain('Stopping: workers save checkpoints');
  expect(runs.outcome('saved').attempts.filter(({ status }) => status === 'cancelled')).not.toEqual([]);
  await until('the queue is empty', () => slurm!.slurm('squeue', '--noheader') === '');

  const third = runs.start('saved', ['resume', '--launcher', 'slurm', '--gang-min-left', '0'], slurm.env);
  expect([await third.ended, third.text()]).toEqual([0, expect.stringContaining('succeeded')]);
  const results = (folder: string): unknown => ({ ...runs.outcome(folder).equal, metrics: null });
  expect(results('saved')).toEqual(results('quiet'));
});
