// What launchers of clusters need to know before a run: Slurm's commands or Kubernetes' server and image, and where workers on
// other hosts reach this one.
import { lookup } from 'node:dns/promises';
import { existsSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CalmError } from '@calm-orch/core';
import type { ClusterOptions } from '@calm-orch/coordinator';
import { checkCluster, kubeOptionsOf, type KubeChoice } from './kubernetes.ts';

export const launchers = ['local', 'slurm', 'slurm-steps', 'kubernetes'] as const;
export type LauncherName = (typeof launchers)[number];

const program = fileURLToPath(new URL('../../bin/calm-orch.js', import.meta.url));

export interface ClusterChoice extends KubeChoice {
  readonly dir: string;
  readonly launcher?: LauncherName;
  readonly slurmArgs?: string;
  readonly listen?: string;
}

type Cluster = { readonly host: string } & (
  | Pick<Extract<ClusterOptions, { engine: 'slurm' | 'slurm-steps' }>, 'engine' | 'args' | 'command'>
  | Pick<Extract<ClusterOptions, { engine: 'kubernetes' }>, 'engine' | 'kube'>
);

/** As asked for, else as the coordinator did it whose run is resumed. null: workers are processes of this host. @throws CalmError `unavailable`, `invalid_argument` */
export async function clusterOf(choice: ClusterChoice, resume?: string): Promise<Cluster | null> {
  const { dir, launcher: asked, slurmArgs, listen } = choice;
  const { clusterBefore, layoutOf, splitArgs } = await import('@calm-orch/coordinator');
  const before = resume === undefined || asked !== undefined ? null : clusterBefore(layoutOf(dir), resume);
  const launcher = asked ?? before?.engine ?? 'local';
  if (launcher === 'local') return null;
  const { parseListen } = await import('@calm-orch/rpc');
  if (launcher === 'slurm-steps' && process.env['SLURM_JOB_ID'] === undefined)
    throw new CalmError(
      'invalid_argument',
      '--launcher slurm-steps: this is no Slurm job; submit this command with `sbatch`, or use --launcher slurm',
    );
  if (listen !== undefined && !parseListen(listen).isForHosts)
    throw new CalmError(
      'invalid_argument',
      `--listen: with --launcher ${launcher} workers of other hosts join: name an address by which they reach this one`,
    );
  const hostOf = async (): Promise<string> => listen?.replace(/:\d+$/, '') ?? (await ownHost(launcher));
  if (launcher === 'kubernetes') {
    const kube = before?.engine === 'kubernetes' ? before.kube : await kubeOptionsOf(choice);
    await checkCluster(kube);
    return { engine: launcher, kube, host: await hostOf() };
  }
  for (const command of launcher === 'slurm' ? ['sbatch', 'squeue', 'scancel'] : ['srun'])
    checkCommand(launcher, command);
  const argsBefore = before !== null && before.engine !== 'kubernetes' ? before.args : [];
  const args = slurmArgs === undefined ? argsBefore : splitArgs(slurmArgs);
  return { engine: launcher, args, command: [process.execPath, program, 'worker'], host: await hostOf() };
}

/** Not called: a cluster may count what its controller is asked. */
function checkCommand(launcher: LauncherName, command: string): void {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  if (folders.some((folder) => existsSync(join(folder, command)))) return;
  throw new CalmError(
    'unavailable',
    `--launcher ${launcher}: ${command} is not to be found: run this on a host of the cluster, with Slurm's commands in PATH`,
  );
}

/** By its name where that leads here from elsewhere, too. */
async function ownHost(launcher: LauncherName): Promise<string> {
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const outside = own.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address);
  const named = await lookup(hostname(), { family: 4 }).catch(() => null);
  const host = named !== null && outside.includes(named.address) ? named.address : outside[0];
  if (host === undefined)
    throw new CalmError(
      'invalid_argument',
      `--launcher ${launcher}: this host has no address but its own loopback: name one with --listen HOST:0`,
    );
  return host;
}
