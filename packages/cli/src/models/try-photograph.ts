// A photograph that somebody sent, looked at by a trial's models in a process of its own (try.ts), one after another.
import { fork } from 'node:child_process';
import { pipeline } from 'node:stream/promises';
import { CalmError } from '@calm-orch/core';
import type { TriedAnswer, TrialName } from '@calm-orch/dashboard';
import type { TryMessage, TryTask } from '../try.ts';
import { findModel, modelKind } from './trained-model.ts';
import { tryScript } from '../run/worker-process.ts';

export type TriedPhotograph = TriedAnswer;

/** What a photograph of the largest size takes is less than a tenth of it. */
const decodeMs = 30_000;
const answerMs = 600_000;

/** Beside the one that is looked at: whoever chooses another photograph leaves one behind that is only just being ended. */
const mostWaiting = 4;
let numWaiting = 0;
let before: Promise<unknown> = Promise.resolve();

/**
 * @param body Bytes of the photograph, bounded; they are read as fast as the process takes them, and kept nowhere.
 * @param signal Ends it.
 * @throws CalmError `busy`; `unavailable` where the trial has no model; `invalid_argument` of what is no photograph
 */
export async function tryPhotograph(
  dir: string,
  wanted: TrialName & { readonly run: string },
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<TriedPhotograph> {
  if (numWaiting === mostWaiting)
    throw new CalmError('busy', 'several photographs are being looked at: try again when they are done');
  numWaiting++;
  const tried = before.then(async () => {
    numWaiting--;
    if (signal.aborted) throw gone();
    return inProcess(await modelsOf(dir, wanted), body, signal);
  });
  before = tried.catch(() => {});
  return tried;
}

const gone = (): CalmError => new CalmError('cancelled', 'nobody waits for the answer any more');

/** @throws CalmError `unavailable` where the trial has neither; `bad_data` where one is damaged */
async function modelsOf(dir: string, wanted: TrialName & { readonly run: string }): Promise<TryTask> {
  let missing: unknown;
  const modelOf = async (question: 'score' | 'comment') => {
    try {
      return await findModel(dir, wanted, modelKind[question]);
    } catch (error) {
      if (!(error instanceof CalmError) || error.code !== 'unavailable') throw error;
      missing = error;
      return null;
    }
  };
  const task = { score: await modelOf('score'), comment: await modelOf('comment') };
  if (task.score === null && task.comment === null) throw missing;
  return task;
}

async function inProcess(
  task: TryTask,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<TriedPhotograph> {
  const child = fork(tryScript, ['try'], { stdio: ['pipe', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();
  let timer: NodeJS.Timeout | undefined;
  let problem: CalmError | null = null;
  const end = (error: CalmError): void => {
    problem ??= error;
    kill();
  };
  const limit = (ms: number, doing: string): void => {
    clearTimeout(timer);
    timer = setTimeout(
      () => end(new CalmError('unavailable', `${doing} took more than ${ms / 1000} s`, { data: { httpStatus: 504 } })),
      ms,
    );
  };
  try {
    return await new Promise<TriedPhotograph>((resolve, reject) => {
      child.on('message', (message: TryMessage) => {
        if (message.what === 'decoded') limit(answerMs, 'answering about the photograph');
        else if (message.what === 'answered') resolve(message.tried);
        else problem = new CalmError(message.code, message.message, { data: { reason: message.reason } });
      });
      child.once('error', reject);
      child.once('close', (code, killed) => {
        if (signal.aborted) problem ??= gone();
        const ending = killed ?? `exit code ${code}`;
        reject(problem ?? new CalmError('internal', `the process that looked at the photograph ended (${ending})`));
      });
      child.send(task);
      pipeline(body, child.stdin!).then(
        () => limit(decodeMs, 'decoding the photograph'),
        // A process that has ended says why itself; what the body says of itself comes first.
        (thrown: unknown) => thrown instanceof CalmError && end(thrown),
      );
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
    kill();
  }
}
