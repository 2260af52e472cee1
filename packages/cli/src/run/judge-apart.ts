// Tables judged in a thread of their own: the caller goes on hearing heartbeats, signals and answers.
import { Worker } from 'node:worker_threads';
import { CalmError } from '@calm-orch/core';
import type { Table } from '@calm-orch/report';
import type { Judged, JudgeTask } from '../judge.ts';
import { judgeScript } from './worker-process.ts';

/** The tables of some of a run's seeds. @throws CalmError `cancelled` where `signal` ends it before. */
export function judgeApart(workerData: JudgeTask, signal: AbortSignal): Promise<Table[]> {
  return new Promise((resolve, reject) => {
    // What it says of damaged artifacts is said again at the end of the run.
    const thread = new Worker(judgeScript, { workerData, stderr: true });
    const end = (): void => void thread.terminate().catch(() => {});
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    let judged: Judged | undefined;
    thread.on('message', (message: Judged) => (judged = message));
    thread.once('error', reject);
    thread.once('exit', (code) => {
      signal.removeEventListener('abort', end);
      if (judged === undefined)
        reject(new CalmError(signal.aborted ? 'cancelled' : 'internal', `the thread that judges ended with ${code}`));
      else if ('problem' in judged) reject(new CalmError('io', judged.problem));
      else resolve(judged.tables);
    });
  });
}
