// One worker process as the pool sees it: a child started here, or one that an earlier coordinator started and that
// outlived it. The latter is nobody's child here: its end is seen by looking.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { processStart } from '@calm-orch/core';

export interface WorkerProcess {
  readonly pid: number | undefined;
  kill(signal: NodeJS.Signals): void;
  /** How it ended. */
  readonly ended: Promise<string>;
}

export function startWorker(args: readonly string[], env: NodeJS.ProcessEnv, logFile: string): WorkerProcess {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`),
    );
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
  });
  return { pid: child.pid, kill: (signal) => void child.kill(signal), ended };
}

const lookEveryMs = 100;

export function adoptWorker({ pid, started }: { readonly pid: number; readonly started: string }): WorkerProcess {
  const lives = (): boolean => processStart(pid) === started;
  const ended = new Promise<string>((resolve) => {
    const timer = setInterval(() => {
      if (lives()) return;
      clearInterval(timer);
      resolve('ended');
    }, lookEveryMs);
  });
  return { pid, ended, kill: (signal) => endProcess({ pid, started }, signal) };
}

/** Sends a signal to a process unless its number stands for another by now. */
export function endProcess(
  { pid, started }: { readonly pid: number; readonly started: string },
  signal: NodeJS.Signals = 'SIGKILL',
): void {
  if (processStart(pid) !== started) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended this moment.
  }
}
