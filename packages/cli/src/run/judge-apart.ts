// Tables judged, and runs compared, in a thread of their own: the caller goes on hearing heartbeats, signals and answers.
import { Worker } from 'node:worker_threads';
import { CalmError } from '@calm-orch/core';
import type { RunComparison, Table } from '@calm-orch/report';
import type { CompareTask, Judged, JudgeTask } from '../judge.ts';
import { judgeScript } from './worker-process.ts';

/** The tables of some of a run's seeds. @throws CalmError `cancelled` where `signal` ends it before. */
export async function judgeApart(task: JudgeTask, signal: AbortSignal): Promise<Table[]> {
  return ((await inThread(task, signal)) as { readonly tables: Table[] }).tables;
}

/** @throws as `judgeApart` */
export async function compareApart(task: CompareTask, signal: AbortSignal): Promise<RunComparison> {
  return ((await inThread(task, signal)) as { readonly compared: RunComparison }).compared;
}

function inThread(workerData: JudgeTask | CompareTask, signal: AbortSignal): Promise<Judged> {
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
      else resolve(judged);
    });
  });
}
