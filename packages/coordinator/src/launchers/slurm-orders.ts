// What a run asks of Slurm: which of its elements there are, more of them, an end to some.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { roles, type Role } from '@calm-orch/core';
import type { Layout } from '../artifacts/layout.ts';
import { jobScript, parseSubmitted, slurm, type SlurmOptions } from './slurm-commands.ts';
import { indexRanges, jobName, parseQueue, queueFormat, type QueueElement } from './slurm-queue.ts';

export interface SlurmRun extends SlurmOptions {
  readonly runId: string;
  readonly layout: Layout;
}

/** Of all roles, by one call; also those that have ended, as long as the queue shows them. @throws CalmError `unavailable` */
export async function listElements({ runId, layout }: SlurmRun): Promise<QueueElement[]> {
  const names = roles.map((role) => jobName(runId, role)).join(',');
  const args = ['--noheader', '--array', '--states=all', '--me', `--name=${names}`, `--format=${queueFormat}`];
  return parseQueue(await slurm('squeue', args), layout.dir);
}

/** The job of one array. @throws CalmError `unavailable`; it may have been taken all the same */
export async function submitElements(run: SlurmRun, role: Role, indices: readonly number[]): Promise<string> {
  const { runId, layout, gpus, args } = run;
  const log = (index: string): string => layout.log(runId, `${role}-${index}`);
  mkdirSync(dirname(log('')), { recursive: true });
  const order = [
    '--parsable',
    `--array=${indexRanges(indices)}`,
    `--job-name=${jobName(runId, role)}`,
    `--chdir=${layout.dir}`,
    `--output=${log('\0').replaceAll('%', '%%').replace('\0', '%a')}`,
    '--open-mode=append',
    '--requeue',
    '--nodes=1',
    '--ntasks=1',
    // To the worker alone, which hands over; its computing child goes on until then.
    '--signal=B:TERM@60',
    '--export=ALL',
    ...(gpus && role === 'trainer' ? ['--gres=gpu:1'] : []),
    ...args,
  ];
  return parseSubmitted(await slurm('sbatch', order, jobScript(run, role, layout.joinFile(runId, `${role}-`))));
}

/** By one call. @throws CalmError `unavailable` */
export const cancelElements = (ids: readonly string[]): Promise<unknown> =>
  slurm('scancel', ['--quiet', ...groupByJob(ids)]);

/** `12_0`, `12_1`, `13` as `12_[0-1]`, `13`. */
export function groupByJob(ids: readonly string[]): string[] {
  const jobs = new Map<string, number[]>();
  for (const id of ids) {
    const [job = '', index] = id.split('_');
    const indices = jobs.get(job) ?? [];
    jobs.set(job, indices);
    if (index !== undefined) indices.push(Number(index));
  }
  return [...jobs].map(([job, indices]) => (indices.length === 0 ? job : `${job}_[${indexRanges(indices)}]`));
}
