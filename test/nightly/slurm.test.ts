// A real Slurm on this machine (test/slurm): its array elements train to the bits of local workers.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeSlurmCluster, type SlurmCluster } from '../slurm/slurm-cluster.test-util.ts';
import { until } from '../stories/story.test-util.ts';
import { isTraining, makeRealRuns, smallRun, type RealRuns } from '../e2e/real-run.test-util.ts';

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

const smoke = ['run', 'experiments/smoke.yaml', ...smallRun, '--launcher', 'slurm'];

test('under Slurm a run ends as with local workers, its coordinator killed or not, with few calls, and leaves nothing', async () => {
  if (slurm === null) return expect(slurm).toBe(null);
  await runs.copy('undisturbed', 'local');
  const startedMs = Date.now();
  const first = runs.start('slurm', smoke, slurm.env);
  await until('it trains', () => isTraining(first), 240_000);
  const { dir } = runs.folder('slurm');
  const joinFiles = readdirSync(join(dir, 'joins/smoke-1'));
  expect(joinFiles.length).toBeGreaterThan(3);
  for (const name of joinFiles) expect(statSync(join(dir, 'joins/smoke-1', name)).mode & 0o777).toBe(0o600);
  first.child.kill('SIGKILL');
  const trainers = ['--noheader', '-r', '-o', '%i %T', '--name=calm-orch:smoke-1:trainer'];
  const before = slurm.slurm('squeue', ...trainers);
  expect(before).toMatch(/^\d+_\d RUNNING\n\d+_\d RUNNING\n$/);

  const second = runs.start('slurm', ['resume', '--gang-min-left', '0'], slurm.env);
  await until('it trains again', () => isTraining(second), 240_000);
  expect(slurm.slurm('squeue', ...trainers)).toBe(before);
  expect([await second.ended, second.text()]).toEqual([0, expect.stringContaining('succeeded')]);
  const seconds = (Date.now() - startedMs) / 1000;
  expect(runs.results('slurm')).toEqual(runs.results('local'));

  // Two at a coordinator's start, then one in ten seconds at most; an array a role; one order to end the augmentor, which the
  // second needs no more, and one to end all others.
  expect(slurm.calls('squeue').length).toBeLessThanOrEqual(4 + Math.ceil(seconds / 10));
  expect(slurm.calls('sbatch')).toHaveLength(3);
  expect(slurm.calls('scancel').map(({ args }) => args.match(/\d+_/g)?.length)).toEqual([1, 2]);
  expect(slurm.calls('sbatch').map(({ args }) => /--job-name=\S+/.exec(args)?.[0])).toEqual(
    ['augmentor', 'trainer', 'evaluator'].map((role) => `--job-name=calm-orch:smoke-1:${role}`),
  );
  // No credential where others can read it.
  expect(slurm.calls().filter(({ args }) => args.includes('K10'))).toEqual([]);
  expect(existsSync(join(dir, 'joins/smoke-1'))).toBe(false);
  expect(readdirSync(join(dir, 'logs/smoke-1')).sort()).toEqual(
    ['augmentor-0', 'evaluator-0', 'trainer-0', 'trainer-1'].map((name) => `${name}.log`),
  );
  await until('the queue is empty', () => slurm!.slurm('squeue', '--noheader') === '');
}, 600_000);

test('Ctrl-C saves and cancels the elements; resumed, the run ends as without it', { timeout: 900_000 }, async () => {
  if (slurm === null) return expect(slurm).toBe(null);
  const { env } = slurm;
  await runs.copy('undisturbed', 'quiet');
  const stopped = runs.start('stopped', smoke, env);
  await until('it trains', () => isTraining(stopped), 240_000);
  stopped.child.kill('SIGINT');
  expect(await stopped.ended).toBe(130);
  expect(stopped.text()).toContain('Stopping: workers save checkpoints');
  expect(runs.outcome('stopped').attempts.filter(({ status }) => status === 'cancelled')).not.toEqual([]);
  await until('the queue is empty', () => slurm!.slurm('squeue', '--noheader') === '');

  const again = runs.start('stopped', ['resume', '--launcher', 'slurm', '--gang-min-left', '0'], env);
  expect([await again.ended, again.text()]).toEqual([0, expect.stringContaining('succeeded')]);
  expect(runs.results('stopped')).toEqual(runs.results('quiet'));
});
