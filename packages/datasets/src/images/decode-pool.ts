// Threads that decode photographs ahead. What they give does not depend on their number.
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { CalmError } from '@calm-orch/core';
import type { Decoded } from './decode-worker.ts';
import { photoPixels, type PixelsOf } from './photo-pixels.ts';

export interface DecodePool {
  /** @throws as `photoPixels` */
  decode(wanted: PixelsOf): Promise<Float32Array>;
  close(): void;
}

/** One core is left to the thread that computes. */
const threadsHere = (): number => Math.min(8, availableParallelism() - 1);

interface Task {
  readonly wanted: PixelsOf;
  resolve(pixels: Float32Array): void;
  reject(error: Error): void;
}

/** With no threads photographs are decoded by the caller's. @param numThreads @default all cores but one, at most 8 */
export function createDecodePool(numThreads = threadsHere()): DecodePool {
  if (numThreads === 0) return { decode: photoPixels, close: () => {} };
  const script = createRequire(import.meta.url).resolve('@calm-orch/datasets/decode-worker');
  const waiting: Task[] = [];
  const all: Worker[] = [];
  const idle: Worker[] = [];
  const busy = new Map<Worker, Task>();
  /** Of a thread that has ended; those that are left, and a new one, go on. */
  const lose = (worker: Worker, why: string): void => {
    const task = busy.get(worker);
    busy.delete(worker);
    for (const list of [all, idle]) if (list.includes(worker)) list.splice(list.indexOf(worker), 1);
    task?.reject(new CalmError('io', `image ${task.wanted.path}: the thread that decoded it ended: ${why}`));
    work();
  };
  const start = (): Worker => {
    const worker = new Worker(script, { execArgv: [] });
    all.push(worker);
    worker.on('message', (decoded: Decoded) => {
      const task = busy.get(worker)!;
      busy.delete(worker);
      idle.push(worker);
      // A thread that waits keeps no process alive.
      worker.unref();
      work();
      if ('pixels' in decoded) task.resolve(decoded.pixels);
      else task.reject(new CalmError(decoded.error.code, decoded.error.message, { data: { ...decoded.error.data } }));
    });
    worker.once('error', (error) => lose(worker, error.message));
    return worker;
  };
  const work = (): void => {
    while (waiting.length > 0) {
      const worker = idle.pop() ?? (all.length < numThreads ? start() : undefined);
      if (worker === undefined) return;
      const task = waiting.shift()!;
      busy.set(worker, task);
      worker.ref();
      worker.postMessage(task.wanted);
    }
  };
  return {
    decode: (wanted) =>
      new Promise((resolve, reject) => {
        waiting.push({ wanted, resolve, reject });
        work();
      }),
    close: () => {
      waiting.length = 0;
      for (const worker of all) worker.terminate().catch(() => {});
    },
  };
}
