// The compute child's own side: a process that loads TensorFlow or sharp and runs stage functions, one item at a time,
// for the worker that forked it. It knows nothing of gRPC or leases. It dies with its parent, also in the middle of a
// synchronous call, when no event reaches it: a thread watches the parent.
import { mkdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { assertNever, CalmError, stackOf, toCalmError, type StageDefinition } from '@calm-orch/core';
import { createComputeGang, type ComputeGang } from './compute-gang.ts';
import type { FromCompute, ToCompute } from './compute-message.ts';
import { computePlane, hasPeers, refusePeers, usePeers, type ComputePlaneOptions } from './compute-plane.ts';
import type { WorkItem } from '../tensors/wire.ts';

export type ComputeOptions = Pick<ComputePlaneOptions, 'memory'>;

/** Computes stages of these kinds for the parent until it goes. @throws CalmError `invalid_argument` when nobody forked this process. */
export function runCompute(kinds: readonly StageDefinition[], options: ComputeOptions = {}): void {
  if (process.send === undefined)
    throw new CalmError('invalid_argument', 'compute: started by a worker only; use `calm-orch run`');
  watchParent();
  let cancel = new AbortController();
  process.on('message', (message: ToCompute) => {
    switch (message.type) {
      case 'peers':
        return usePeers(message.peers);
      case 'cancel':
        return cancel.abort();
      case 'roster':
        refusePeers(message.revoked);
        if (message.token === current?.token) current.gang?.update(message.roster);
        return;
      case 'compute': {
        cancel = new AbortController();
        const { work } = message;
        const definition = kinds.find(({ kind }) => kind === work.stage.kind);
        const gang = definition?.budget === undefined ? undefined : gangOf(work, options);
        current = { token: work.token, gang };
        compute(definition, work, cancel.signal, gang).catch(die);
        return;
      }
      default:
        assertNever(message);
    }
  });
  process.on('SIGTERM', () => cancel.abort());
}

/** Item to result. */
async function compute(
  definition: StageDefinition | undefined,
  work: WorkItem,
  signal: AbortSignal,
  gang: ComputeGang | undefined,
): Promise<void> {
  const { token, stage: spec, item, inputs, outputDir, checkpointDir } = work;
  send({ type: 'started', token });
  try {
    if (definition === undefined)
      throw new CalmError('internal', `stage ${spec.kind}: there is no code for it; are all packages built?`);
    const stage = await definition.load();
    for (const dir of [outputDir, checkpointDir]) mkdirSync(dir, { recursive: true });
    const result = await stage({
      stage: spec,
      item,
      inputs,
      outputDir,
      checkpointDir,
      checkpointEveryMs: work.checkpointEveryMs,
      keepCheckpoints: work.keepCheckpoints,
      optimizer: work.optimizer,
      exchange: work.exchange,
      signal,
      ...(gang && { gang }),
      report: (progress) => send({ type: 'progress', token, progress }),
      alive: aliveMessages(token),
      now: () => performance.now(),
    });
    send({ type: 'done', token, result });
  } catch (thrown) {
    if (gang !== undefined && gang.roster.rank < 0 && !signal.aborted) return send({ type: 'released', token });
    const error = toCalmError(thrown);
    const { code, message } = error;
    // Of what was thrown: an error that was wrapped has been made here.
    send({ type: 'raised', token, code, message, stack: stackOf(thrown instanceof Error ? thrown : error) });
  }
}

/** What cannot be told the worker ends this process; that it sees. */
function die(error: unknown): never {
  console.error(error);
  process.exit(1);
}

const aliveEveryMs = 500;

/** May be called after every step. */
function aliveMessages(token: string): () => void {
  let sentMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - sentMs < aliveEveryMs) return;
    sentMs = performance.now();
    send({ type: 'alive', token, waiting: false });
  };
}

/** The newest item. */
let current: { readonly token: string; readonly gang: ComputeGang | undefined } | undefined;

/** Undefined where no others can be reached. The tensor plane is opened when first needed, and then kept. */
function gangOf({ token, stage: { key } }: WorkItem, options: ComputeOptions): ComputeGang | undefined {
  if (!hasPeers()) return undefined;
  // The plane outlives the item it was opened for.
  const onNote = (note: string): void => {
    if (current !== undefined) send({ type: 'note', token: current.token, note });
  };
  return createComputeGang({
    plane: () => computePlane({ ...options, onStreamed: onNote }),
    stageKey: key,
    onReady: (at) => send({ type: 'ready', token, address: at }),
    onWaiting: () => send({ type: 'alive', token, waiting: true }),
    onNote,
  });
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
