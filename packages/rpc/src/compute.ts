// The compute child's own side: a process that loads TensorFlow or sharp and runs stage functions, one item at a time,
// for the worker that forked it. It knows nothing of gRPC or leases. It dies with its parent, also in the middle of a
// synchronous call, when no event reaches it: a thread watches the parent.
import { mkdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { CalmError, toCalmError, type StageRegistry } from '@calm-orch/core';
import type { FromCompute, ToCompute } from './compute-message.ts';
import type { WorkItem } from './wire.ts';

/** Serves the parent until it goes. @throws CalmError `invalid_argument` when nobody forked this process. */
export function runCompute(loadStages: () => Promise<StageRegistry>): void {
  if (process.send === undefined)
    throw new CalmError('invalid_argument', 'compute: started by a worker only; use `calm-orch run`');
  watchParent();
  let cancel = new AbortController();
  process.on('message', (message: ToCompute) => {
    if (message.type === 'cancel') return cancel.abort();
    cancel = new AbortController();
    void compute(loadStages, message.work, cancel.signal);
  });
  process.on('SIGTERM', () => cancel.abort());
}

/** Item to result. */
async function compute(loadStages: () => Promise<StageRegistry>, work: WorkItem, signal: AbortSignal): Promise<void> {
  const { token, stage: spec, item, inputs, outputDir, checkpointDir, checkpointEveryMs } = work;
  send({ type: 'started', token });
  try {
    const load = (await loadStages())[spec.kind];
    if (load === undefined)
      throw new CalmError('internal', `stage ${spec.kind}: this role has no code for it; are all packages built?`);
    const stage = await load();
    for (const dir of [outputDir, checkpointDir]) mkdirSync(dir, { recursive: true });
    const result = await stage({
      ...{ stage: spec, item, inputs, outputDir, checkpointDir, checkpointEveryMs, signal },
      report: (progress) => send({ type: 'progress', token, progress }),
      now: () => performance.now(),
    });
    send({ type: 'done', token, result });
  } catch (thrown) {
    const { code, message, stack = '' } = toCalmError(thrown);
    send({ type: 'raised', token, code, message, stack });
  }
}

function send(message: FromCompute): void {
  process.send!(message);
}

function watchParent(): void {
  process.on('disconnect', () => process.exit(1));
  // Ctrl-C and a closing terminal reach the whole process group; the coordinator decides what they mean.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  new Worker(new URL('./parent-watch.js', import.meta.url), { workerData: { parentPid: process.ppid } }).unref();
}

export { parseRole } from './wire.ts';
