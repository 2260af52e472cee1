// One worker process as the pool sees it: a child started here, or one that an earlier coordinator started and that
// outlived it. The latter is nobody's child here: its end is seen by looking.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CalmError } from '@calm-orch/core';
import { processStart, type WorkerEnd } from '@calm-orch/tracker';

export interface WorkerProcess {
  readonly pid: number | undefined;
  kill(signal: NodeJS.Signals): void;
  /** Leaves it to another coordinator: it keeps this process from ending no longer. */
  leave(): void;
  /** How it ended, of itself or by a signal. */
  readonly ended: Promise<WorkerEnd>;
}

/** @throws CalmError `io` when its log cannot be opened. */
export function startWorker(args: readonly string[], env: NodeJS.ProcessEnv, logFile: string): WorkerProcess {
  const log = openLog(logFile);
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, args, { env, stdio: ['ignore', log, log, 'ipc'] });
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
  return { pid: child.pid, kill: (signal) => child.kill(signal), leave, ended };
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

/** For messages: what a worker said last. */
export function lastLineOf(logFile: string): string {
  try {
    const line = readFileSync(logFile, 'utf8').trimEnd().split('\n').at(-1) ?? '';
    return `${line === '' ? 'it said nothing' : line} (log: ${logFile})`;
  } catch (error) {
    return `its log cannot be read: ${(error as Error).message}`;
  }
}

const lookEveryMs = 100;

export function adoptWorker({ pid, started }: { readonly pid: number; readonly started: string }): WorkerProcess {
  const lives = (): boolean => processStart(pid) === started;
  let timer!: NodeJS.Timeout;
  const ended = new Promise<WorkerEnd>((resolve) => {
    timer = setInterval(() => {
      if (lives()) return;
      clearInterval(timer);
      resolve({ ending: 'lost', reason: 'ended' });
    }, lookEveryMs);
  });
  return { pid, ended, kill: (signal) => endProcess({ pid, started }, signal), leave: () => clearInterval(timer) };
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
