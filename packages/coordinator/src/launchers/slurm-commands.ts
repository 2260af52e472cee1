// Slurm's commands, called with what they and the workers need of the environment, and nothing else of it.
import { execFile, type ExecFileException } from 'node:child_process';
import { CalmError } from '@calm-orch/core';

export interface SlurmOptions {
  /** Passed to `sbatch` or `srun` as they are, after our own: theirs win. */
  readonly args: readonly string[];
  /** Program and first arguments of a worker that joins: `node calm-orch.js worker`. */
  readonly command: readonly string[];
  /** Each trainer is to have a GPU. */
  readonly gpus: boolean;
}

/** Longer than Slurm's own patience with a controller that is away (`MessageTimeout`). */
const patienceMs = 60_000;

/** What it printed. @throws CalmError `unavailable` */
export function slurm(command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: jobEnvironment(), timeout: patienceMs, maxBuffer: 1 << 26 };
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const said = stderr.trim().split('\n').at(-1)?.trim();
      const what = problemOf(error, command) ?? (said === undefined || said === '' ? error.message : said);
      reject(new CalmError('unavailable', what, { cause: error }));
    });
    child.stdin?.on('error', () => {}).end(input);
  });
}

function problemOf({ code, killed }: ExecFileException, command: string): string | null {
  if (code === 'ENOENT') return `${command} is not to be found: it must lie in a folder of PATH`;
  return killed === true ? `${command} did not answer within ${patienceMs / 1000} s` : null;
}

/** Names, and beginnings of names, of what a worker on another host needs or Slurm reads. */
const passed =
  /^(HOME|USER|LOGNAME|PATH|SHELL|LANG|LC_\w+|LD_LIBRARY_PATH|XDG_CACHE_HOME|NODE_OPTIONS|SLURM_CONF|SBATCH_\w+|CALM_ORCH_BACKEND|CALM_ORCH_TENSORS)$/;

export function jobEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => passed.test(name)));
}

/** Nobody knows whether the controller is away for a moment or has said no, but by its words. */
export const isAway = ({ message }: Error): boolean =>
  /unable to contact|did not answer|timed out|connect|communicat|zero bytes|not responding|temporarily|refused by peer|ETIMEDOUT|ECONN/i.test(
    message,
  ) && !/is not to be found/.test(message);

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** `joinFile`: without the index, which follows it. */
export function jobScript({ command }: SlurmOptions, role: string, joinFile: string): string {
  return `#!/bin/sh
export TF_NUM_INTRAOP_THREADS="$SLURM_CPUS_ON_NODE" OMP_NUM_THREADS="$SLURM_CPUS_ON_NODE"
export TF_NUM_INTEROP_THREADS=1 VIPS_CONCURRENCY="$SLURM_CPUS_ON_NODE" TF_CPP_MIN_LOG_LEVEL=3
exec ${command.map(quoted).join(' ')} --role ${role} --join-file ${quoted(joinFile)}"$SLURM_ARRAY_TASK_ID"
`;
}

/** `12` or `12;cluster`, of `sbatch --parsable`. @throws CalmError `internal` */
export function parseSubmitted(text: string): string {
  const id = /^(\d+)(;\S+)?$/.exec(text.trim().split('\n').at(-1) ?? '')?.[1];
  if (id === undefined) throw new CalmError('internal', `sbatch --parsable: expected a job's id, got "${text.trim()}"`);
  return id;
}

/** Words as a shell would have them: blanks part them, quotes keep them together. @throws CalmError `invalid_argument` */
export function splitArgs(text: string): string[] {
  const words = text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  if ((text.match(/["']/g) ?? []).length % 2 !== 0)
    throw new CalmError('invalid_argument', `--slurm-args: a quote is not closed in ${text}`);
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, (_, a?: string, b?: string) => a ?? b ?? ''));
}
