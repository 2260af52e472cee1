// Files written by a thread (file-thread.ts), from copies whose memory is bounded: 128 MiB. Who writes waits for room, not
// for the disk.
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { pieces } from '@calm-orch/core';
import type { FromFileThread, ToFileThread } from './file-thread.ts';

export interface FileWriter {
  /**
   * Writes a file, whole or not at all. Resolved once all is copied: what `content` is made of may change then. `written`:
   * its sha256 once it is on the disk and has its name. @throws what `content` throws; `written` with the system's code
   */
  write(path: string, content: Iterable<ArrayBufferView>): Promise<{ readonly written: Promise<string> }>;
  /** Ends the thread; files that were not written are none. */
  close(): Promise<void>;
}

const chunkBytes = 16 * 1024 * 1024;
const maxChunks = 8;

interface Waiting<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/** The thread is started by the first file. */
export function createFileWriter(): FileWriter {
  let thread: Worker | undefined;
  let numChunks = 0;
  let free: SharedArrayBuffer[] = [];
  let waiting: Waiting<SharedArrayBuffer>[] = [];
  /** Files it was handed and has not answered for. */
  let files: Waiting<string>[] = [];
  const start = (): Worker => {
    const script = createRequire(import.meta.url).resolve('@calm-orch/trainer/file-thread');
    const started = new Worker(script, { execArgv: [] });
    started.on('message', (message: FromFileThread) => {
      if (message.type === 'free') {
        const next = waiting.shift();
        if (next === undefined) free.push(message.chunk);
        else next.resolve(message.chunk);
        return;
      }
      const file = files.shift()!;
      if (files.length === 0) started.unref();
      if (message.type === 'written') file.resolve(message.sha256);
      else file.reject(Object.assign(new Error(message.message), { code: message.code }));
    });
    const lose = (why: Error): void => {
      if (thread !== started) return;
      const left = [...waiting, ...files];
      [thread, numChunks, free, waiting, files] = [undefined, 0, [], [], []];
      for (const { reject } of left) reject(why);
    };
    started.once('error', lose);
    started.once('exit', () => lose(new Error('the thread that writes files has ended')));
    return started;
  };
  const room = (): Promise<SharedArrayBuffer> | SharedArrayBuffer => {
    const chunk = free.pop();
    if (chunk !== undefined) return chunk;
    if (numChunks === maxChunks) return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    numChunks++;
    return new SharedArrayBuffer(chunkBytes);
  };
  return {
    write: async (path, content) => {
      const mine = (thread ??= start());
      mine.ref();
      const written = new Promise<string>((resolve, reject) => files.push({ resolve, reject }));
      // Whoever asks for it later hears of it.
      written.catch(() => {});
      const post = (message: ToFileThread): void => mine.postMessage(message);
      post({ type: 'open', path });
      let isWhole = false;
      try {
        for (const part of content)
          for (const piece of pieces(part, chunkBytes)) {
            const chunk = await room();
            new Uint8Array(chunk).set(piece);
            post({ type: 'write', chunk, bytes: piece.length });
            // It has failed, with all that was left.
            if (thread !== mine) return { written };
          }
        isWhole = true;
      } finally {
        post({ type: 'close', isWhole });
      }
      return { written };
    },
    close: async () => {
      const ended = thread;
      thread = undefined;
      await ended?.terminate();
    },
  };
}
