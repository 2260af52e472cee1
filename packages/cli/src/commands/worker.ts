// A worker of another host: it joins a run at work with a token, and works until the run ends.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, roles, userPath, type Role } from '@calm-orch/core';
import type { GlobalOptions } from '../cli.ts';
import { logLine, stopSignal, workAsGuest } from '../worker-life.ts';
import { computeScript } from '../run/worker-process.ts';
import { workerFacts } from '../surroundings/worker-facts.ts';

interface Options extends GlobalOptions {
  join?: string;
  joinFile?: string;
  role: Role;
  at?: string;
  address?: string;
  cache?: string;
  cacheGb: number;
  wait: number;
  stoppedExitCode: number;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .option('join', {
        type: 'string',
        requiresArg: true,
        describe:
          'The token, as `calm-orch token create` prints it [default: the variable CALM_ORCH_JOIN, which `ps` does not show]',
      })
      .option('join-file', {
        type: 'string',
        requiresArg: true,
        describe: 'A file with the token, which nobody else can read',
      })
      .option('role', { choices: roles, default: 'trainer', describe: 'What it is to do' })
      .option('at', {
        type: 'string',
        requiresArg: true,
        describe: 'HOST:PORT where the coordinator is now, if it has moved since the token was made',
      })
      .option('address', {
        type: 'string',
        requiresArg: true,
        describe:
          'Address of this host by which trainers of other hosts reach it [default: the one it reaches the coordinator from]',
      })
      .option('cache', {
        type: 'string',
        requiresArg: true,
        describe:
          'Folder it works in where it does not see the run folder [default: guests in $XDG_CACHE_HOME/calm-orch]',
      })
      .option('cache-gb', {
        type: 'number',
        requiresArg: true,
        default: 50,
        describe: 'Gigabytes of artifacts that are kept there',
      })
      .option('wait', {
        type: 'number',
        requiresArg: true,
        default: 60,
        describe: 'Seconds a coordinator that cannot be reached is tried again',
      })
      .option('stopped-exit-code', {
        type: 'number',
        requiresArg: true,
        default: 0,
        describe: 'Exit code where it was told to end before the run did, for who starts another then',
      })
      .example('CALM_ORCH_JOIN=K10… $0 worker', 'a trainer')
      .example('$0 worker --join K10… --role evaluator', 'an evaluator'),
  handler: async ({
    joinFile,
    join = joinFile === undefined ? process.env['CALM_ORCH_JOIN'] : tokenIn(joinFile),
    role,
    at,
    address: own,
    cache,
    cacheGb,
    wait,
    stoppedExitCode,
  }: ArgumentsCamelCase<Options>): Promise<void> => {
    if (join === undefined)
      throw new CalmError(
        'invalid_argument',
        "worker: name a token with --join; `calm-orch token create` on the coordinator's host prints one",
      );
    if (!(wait >= 0)) throw new CalmError('invalid_argument', `--wait: expected seconds from 0 up, got ${wait}`);
    if (!(cacheGb > 0))
      throw new CalmError('invalid_argument', `--cache-gb: expected a number above 0, got ${cacheGb}`);
    if (!(Number.isInteger(stoppedExitCode) && stoppedExitCode >= 0 && stoppedExitCode < 256))
      throw new CalmError('invalid_argument', `--stopped-exit-code: expected 0 to 255, got ${stoppedExitCode}`);
    const { ComputeChild, parseToken } = await import('@calm-orch/rpc');
    const { joinRun, ownAddressTowards } = await import('@calm-orch/rpc/tls');
    const token = { ...parseToken(join), ...(at !== undefined && { address: at }) };
    const { address } = token;
    const signal = stopSignal();
    const { identity, instance, index, takeoverMs, probe } = await joinRun(token, {
      role,
      signal,
      retryForMs: wait * 1000,
    });
    const isShared = seesProbe(probe);
    process.title = `calm-orch guest ${role} ${index}`;
    logLine(`joined as ${role} ${index} at ${address}`);
    const ownFolder = isShared ? undefined : { dir: await folderOf(cache), maxBytes: cacheGb * 1e9 };
    if (ownFolder) logLine(`does not see the run folder: fetches what it reads, into ${ownFolder.dir}`);
    const facts = { ...(await workerFacts(role, logLine, signal)), ownFolder: !isShared };
    const { CALM_ORCH_JOIN: _, ...env } = process.env;
    const compute = new ComputeChild({
      command: [computeScript, 'compute', role, String(index)],
      env,
      ...(role === 'trainer' && { peers: { identity, host: own ?? (await ownAddressTowards(address)) } }),
    });
    const life = { role, index, instance, facts, address, compute, signal, log: logLine, takeoverMs };
    await workAsGuest({ ...life, ...(ownFolder && { ownFolder }) }, identity);
    if (signal.aborted) process.exitCode = stoppedExitCode;
    logLine(signal.aborted ? 'ends, as it was told to' : 'the run needs it no longer');
  },
};

/** @throws CalmError `io` */
function tokenIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CalmError(
      'io',
      `--join-file: ${(error as Error).message}: the run is over, or this host does not see its folder`,
      { cause: error },
    );
  }
}

/** Whether this host sees the coordinator's run folder, under the same path. */
function seesProbe({ path, text }: { readonly path: string; readonly text: string }): boolean {
  try {
    return readFileSync(path, 'utf8') === text;
  } catch {
    return false;
  }
}

async function folderOf(named: string | undefined): Promise<string> {
  const { defaultCacheDir } = await import('@calm-orch/engine');
  return named === undefined ? join(defaultCacheDir(process.env), 'guests') : userPath(named);
}
