// A thread that writes files, one after the other, while TensorFlow blocks the main one: what it is handed goes to a
// temporary sibling at once, and is synced, hashed and renamed while training goes on.
import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { makeFolder, sha256OfFile, writeAll } from '@calm-orch/core';

export type ToFileThread =
  | { readonly type: 'open'; readonly path: string }
  | { readonly type: 'write'; readonly chunk: SharedArrayBuffer; readonly bytes: number }
  | { readonly type: 'close'; readonly isWhole: boolean };

/** Chunks as they were written; of each file that was closed, in order, its hash or why there is none. */
export type FromFileThread =
  | { readonly type: 'free'; readonly chunk: SharedArrayBuffer }
  | { readonly type: 'written'; readonly sha256: string }
  | { readonly type: 'failed'; readonly code: string | undefined; readonly message: string };

interface OpenFile {
  readonly path: string;
  readonly temporary: string;
  readonly descriptor: number;
}

let file: OpenFile | null = null;
let failure: NodeJS.ErrnoException | null = null;

const answer = (message: FromFileThread): void => parentPort!.postMessage(message);

/** A file that fails once is not written further. */
function trying(work: () => void): void {
  if (failure !== null) return;
  try {
    work();
  } catch (error) {
    failure = error as NodeJS.ErrnoException;
  }
}

function openFile(path: string): void {
  makeFolder(dirname(path));
  const temporary = `${path}.${randomUUID()}.tmp`;
  file = { path, temporary, descriptor: openSync(temporary, 'w') };
}

parentPort!.on('message', (message: ToFileThread) => {
  switch (message.type) {
    case 'open':
      return trying(() => openFile(message.path));
    case 'write':
      trying(() => writeAll(file!.descriptor, new Uint8Array(message.chunk, 0, message.bytes)));
      return answer({ type: 'free', chunk: message.chunk });
    case 'close': {
      let sha256 = '';
      trying(() => {
        if (!message.isWhole) throw new Error('it was not handed over whole');
        fsyncSync(file!.descriptor);
        sha256 = sha256OfFile(file!.temporary);
      });
      const written = file;
      file = null;
      if (written !== null) {
        closeSync(written.descriptor);
        trying(() => renameSync(written.temporary, written.path));
        if (failure !== null) rmSync(written.temporary, { force: true });
      }
      if (failure === null) answer({ type: 'written', sha256 });
      else answer({ type: 'failed', code: failure.code, message: failure.message });
      failure = null;
    }
  }
});
