// Workers as child processes of the coordinator, on its host; their output goes to a file each.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CalmError, processStart } from '@calm-orch/core';
import type { WorkerEnd } from '@calm-orch/tracker';
import { computeEnvironment, type Machine, type WorkerCounts } from '../runs/worker-counts.ts';
import { stopProcess } from './host-process.ts';
import type { Launcher, StartedWorker, WorkerSlot } from './launcher.ts';

export interface LocalLauncherOptions {
  /** The program; it is called with role and index. */
  readonly script: string;
  /** Who shares the cores and GPUs of this machine. */
  readonly counts: WorkerCounts;
  readonly machine: Machine;
  readonly logFile: (slot: WorkerSlot) => string;
}

export function localLauncher({ script, counts, machine, logFile }: LocalLauncherOptions): Launcher {
  return {
    joins: false,
    start: (slot, call) => {
      const { role, index } = slot;
      const env = { ...process.env, ...computeEnvironment(role, index, counts, machine), ...call };
      return startChild(process.execPath, [script, role, String(index)], { env, logFile: logFile(slot), ipc: true });
    },
    stop: (workers, how) => {
      for (const worker of workers) if (worker.process !== null) stopProcess(worker.process, how);
    },
    isWaiting: () => false,
    describe: (slot) => lastWords(logFile(slot)),
  };
}

export interface ChildOptions {
  readonly env: NodeJS.ProcessEnv;
  /** What it prints is appended there. */
  readonly logFile: string;
  /** With a channel that tells it when this process ends. */
  readonly ipc: boolean;
}

export function startChild(program: string, args: readonly string[], options: ChildOptions): StartedWorker {
  const { env, logFile, ipc } = options;
  const log = openLog(logFile);
  let child: ChildProcess;
  try {
    child = spawn(program, args, { env, stdio: ['ignore', log, log, ...(ipc ? (['ipc'] as const) : [])] });
  } finally {
    closeSync(log);
  }
  const ended = new Promise<WorkerEnd>((resolve) => {
    child.once('exit', (code, signal) => {
      if (signal !== null) resolve({ ending: 'killed', reason: `was ended by ${signal}` });
      else resolve({ ending: code === 0 ? 'finished' : 'lost', reason: `ended with exit code ${code}` });
    });
    child.once('error', ({ message }) => resolve({ ending: 'lost', reason: `could not be started: ${message}` }));
  });
  const leave = (): void => {
    child.unref();
    if (child.connected) child.disconnect();
  };
  const { pid } = child;
  const started = pid === undefined ? null : processStart(pid);
  return { process: started === null ? null : { pid: pid!, started }, ended, leave };
}

function openLog(file: string): number {
  try {
    mkdirSync(dirname(file), { recursive: true });
    return openSync(file, 'a');
  } catch (error) {
    const { message } = error as Error;
    throw new CalmError(
      'io',
      `cannot write a worker's log: ${message}; mend that, then go on with \`calm-orch resume\``,
      {
        cause: error,
      },
    );
  }
}

export function lastWords(logFile: string): string {
  try {
    const line = readFileSync(logFile, 'utf8').trimEnd().split('\n').at(-1) ?? '';
    return `${line === '' ? 'said nothing' : `last said: ${line}`} (log: ${logFile})`;
  } catch (error) {
    return `has a log that cannot be read: ${(error as Error).message}`;
  }
}
