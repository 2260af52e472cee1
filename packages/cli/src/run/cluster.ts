// What `--launcher slurm` and `--launcher slurm-steps` need to know before a run: Slurm's commands, and where workers on other
// hosts reach this one.
import { execFile } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { hostname, networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CalmError } from '@calm-orch/core';
import type { ClusterOptions } from '@calm-orch/coordinator';

export const launchers = ['local', 'slurm', 'slurm-steps'] as const;
export type LauncherName = (typeof launchers)[number];

const program = fileURLToPath(new URL('../../bin/calm-orch.js', import.meta.url));

/** null: workers are processes of this host. @throws CalmError `unavailable`, `invalid_argument` */
export async function clusterOf({
  launcher = 'local',
  slurmArgs = '',
  listen,
}: {
  readonly launcher?: LauncherName;
  readonly slurmArgs?: string;
  readonly listen?: string;
}): Promise<Omit<ClusterOptions, 'gpus'> | null> {
  if (launcher === 'local') return null;
  const { splitArgs } = await import('@calm-orch/coordinator');
  for (const command of launcher === 'slurm' ? ['sbatch', 'squeue', 'scancel'] : ['srun'])
    await checkCommand(launcher, command);
  if (launcher === 'slurm-steps' && process.env['SLURM_JOB_ID'] === undefined)
    throw new CalmError(
      'invalid_argument',
      '--launcher slurm-steps: this is no Slurm job; submit this command with `sbatch`, or use --launcher slurm',
    );
  const host = listen?.replace(/:\d+$/, '') ?? (await ownHost(launcher));
  return { engine: launcher, args: splitArgs(slurmArgs), command: [process.execPath, program, 'worker'], host };
}

async function checkCommand(launcher: LauncherName, command: string): Promise<void> {
  try {
    await promisify(execFile)(command, ['--version']);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const problem = code === 'ENOENT' ? 'is not to be found' : `does not work (${message.trim().split('\n').at(-1)})`;
    throw new CalmError(
      'unavailable',
      `--launcher ${launcher}: ${command} ${problem}: run this on a host of the cluster, with Slurm's commands in PATH`,
      { cause: error },
    );
  }
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
