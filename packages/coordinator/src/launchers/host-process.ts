// Worker processes of this host, known by number and start: also those that an earlier coordinator has started.
import { processStart } from '@calm-orch/core';
import type { RunWorker, WorkerEnd } from '@calm-orch/tracker';
import type { StartedWorker, StopHow } from './launcher.ts';

export type HostProcess = Pick<RunWorker, 'pid' | 'started'>;

export const isAlive = ({ pid, started }: HostProcess): boolean => processStart(pid) === started;

/** Ends it, and nobody who has its number by now. */
export function stopProcess(worker: HostProcess, how: StopHow): void {
  if (!isAlive(worker)) return;
  try {
    process.kill(worker.pid, how === 'orderly' ? 'SIGTERM' : 'SIGKILL');
  } catch {
    // It has ended this moment.
  }
}

const lookEveryMs = 100;

/** A worker that outlived the coordinator which has started it: nobody here is told of its end, which is seen by looking. */
export function adoptProcess(worker: HostProcess): StartedWorker {
  let timer!: NodeJS.Timeout;
  const ended = new Promise<WorkerEnd>((resolve) => {
    timer = setInterval(() => {
      if (isAlive(worker)) return;
      clearInterval(timer);
      resolve({ ending: 'lost', reason: 'ended' });
    }, lookEveryMs);
  });
  return { process: worker, ended, leave: () => clearInterval(timer) };
}
