// A Slurm of its own for a test (up.sh), with commands that are counted and can be made to fail: scripts in a folder that
// stands first in PATH, which pass on.
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Call {
  readonly ms: number;
  readonly command: string;
  readonly args: string;
}

export interface SlurmCluster {
  readonly dir: string;
  /** For processes that are to use it. */
  readonly env: NodeJS.ProcessEnv;
  /** What has been called through `env`, in order. */
  calls(command?: string): Call[];
  /** Whether `squeue` fails, as it does while the controller is away. */
  failQueue(isFailing: boolean): void;
  /** A command of Slurm's, not counted. */
  slurm(command: string, ...args: readonly string[]): string;
  /** Ends a daemon at once. */
  kill(daemon: 'slurmctld' | 'slurmd-n1' | 'slurmd-n2' | 'slurmd-n3'): void;
  start(daemon: 'slurmctld' | 'slurmd', ...args: readonly string[]): void;
  /** Before what its jobs write to is removed. */
  close(): void;
}

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const counted = ['sbatch', 'squeue', 'scancel', 'sacct', 'srun'];

/** null: there is no Slurm here, and why. */
export function makeSlurmCluster(...options: readonly string[]): SlurmCluster | { readonly missing: string } {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-slurm-'));
  const up = spawnSync(script('up.sh'), [...options, dir], { encoding: 'utf8' });
  const conf = /^SLURM_CONF=(.*)$/m.exec(up.stdout)?.[1];
  if (conf === undefined) {
    spawnSync(script('down.sh'), [dir]);
    rmSync(dir, { recursive: true, force: true });
    return { missing: up.stderr.trim().split('\n').at(-1) ?? '' };
  }
  const [folder, calls, away] = [join(dir, 'commands'), join(dir, 'calls'), join(dir, 'away')];
  mkdirSync(folder);
  appendFileSync(calls, '');
  for (const command of counted) {
    const real = execFileSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).trim();
    const fails = `[ -e ${away} ] && { echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1; }\n`;
    const text = `#!/bin/sh\necho "$(date +%s%3N) ${command} $*" >>${calls}\n${command === 'squeue' ? fails : ''}exec ${real} "$@"\n`;
    writeFileSync(join(folder, command), text, { mode: 0o755 });
  }
  const own = { ...process.env, SLURM_CONF: conf };
  const listed = (): string => spawnSync('squeue', ['--noheader'], { encoding: 'utf8', env: own }).stdout;
  const kill = (name: string): void => {
    const path = join(dir, `${name}.pid`);
    if (existsSync(path)) process.kill(Number(readFileSync(path, 'utf8')), 'SIGKILL');
  };
  return {
    dir,
    env: { SLURM_CONF: conf, PATH: `${folder}:${process.env['PATH']}` },
    calls: (wanted) =>
      readFileSync(calls, 'utf8')
        .trimEnd()
        .split('\n')
        .flatMap((line) => {
          const [ms, command = '', ...args] = line.split(' ');
          return wanted === undefined || command === wanted ? [{ ms: Number(ms), command, args: args.join(' ') }] : [];
        }),
    failQueue: (isFailing) => (isFailing ? writeFileSync(away, '') : rmSync(away, { force: true })),
    slurm: (command, ...args) => {
      const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8', env: own });
      if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
      return stdout;
    },
    kill,
    start: (daemon, ...args) => void execFileSync(daemon, args, { env: own, stdio: 'ignore' }),
    close: () => {
      spawnSync('scancel', ['--me'], { env: own });
      // No longer than KillWait; what a daemon that is ended leaves behind nobody would end.
      for (let look = 0; look < 150 && listed() !== ''; look++) spawnSync('sleep', ['0.1']);
      spawnSync(script('down.sh'), [dir]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
