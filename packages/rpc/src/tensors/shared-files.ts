// Files in shared memory that tensors cross processes in. A file is kept and written again when its tensor is retired:
// the pages of a new one would have to be found and zeroed first, which takes longer than copying into them.
import { constants } from 'node:buffer';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { writeAll } from '@calm-orch/core';
import { emptyHead, fill, headBytes, headIn, headOf } from './shared-head.ts';

/** Files as memory, where the engine brings it: nothing is copied but once, by whoever writes. */
export interface FileMemory {
  /** One's own file gets its pages first. @throws Error with `code`, `ENOSPC` where there is no room */
  mapFile(descriptor: number, bytes: number, isOwn: boolean): ArrayBuffer;
  unmapFile(memory: ArrayBuffer): void;
}

export interface SharedTensor {
  readonly path: string;
  /** In the head of the file for as long as it holds the tensor. */
  readonly sequence: number;
}

export interface SharedFiles {
  /**
   * Writes the parts one after the other; the file holds them until it is released. Null where they cannot be written:
   * there is no room, or no folder one may write to.
   */
  write(parts: readonly Float32Array[]): SharedTensor | null;
  release(tensor: SharedTensor): void;
  /** Removes all files. */
  close(): void;
}

/** Of a tensor: a larger one is written and read. */
export const maxMappedBytes = constants.MAX_LENGTH - headBytes;

/** A free file is removed when so many writes found no use for it, and four for each file there is. */
const idleWrites = 16;

interface File {
  readonly path: string;
  readonly sizeBytes: number;
  readonly memory: ArrayBuffer | null;
  freedAt: number;
}

/** The folder is full, or a limit on it or on files is reached: less may still find room. */
const noRoom: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'ENOMEM']);

export interface SharedFilesOptions {
  /** Beginning of the path of every file. */
  readonly prefix: string;
  readonly memory: FileMemory | undefined;
  /** Told the first time that something cannot be written. */
  readonly onRefused: (error: Error) => void;
}

export function createSharedFiles({ prefix, memory, onRefused }: SharedFilesOptions): SharedFiles {
  const files = new Map<string, File>();
  let free: File[] = [];
  let numFiles = 0;
  let numWrites = 0;
  /** So many bytes or more are not tried again. */
  let refusedBytes = Infinity;
  const remove = ({ path, memory: mapped }: File): void => {
    files.delete(path);
    if (mapped !== null) memory!.unmapFile(mapped);
    try {
      rmSync(path, { force: true });
    } catch {
      // The folder is out of reach: a later process removes what is left (removeDead).
    }
  };
  const create = (sizeBytes: number): File => {
    const path = `${prefix}-${numFiles++}`;
    const descriptor = openSync(path, 'wx+', 0o600);
    const plain: File = { path, sizeBytes, memory: null, freedAt: 0 };
    files.set(path, plain);
    try {
      if (memory === undefined || sizeBytes > maxMappedBytes) return plain;
      const file = { ...plain, memory: memory.mapFile(descriptor, headBytes + sizeBytes, true) };
      files.set(path, file);
      return file;
    } catch (error) {
      remove(plain);
      throw error;
    } finally {
      closeSync(descriptor);
    }
  };
  return {
    write: (parts) => {
      const sequence = (numWrites = (numWrites % 0x7fffffff) + 1);
      const sizeBytes = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
      if (sizeBytes >= refusedBytes) return null;
      // The one freed first: a peer may still be closing the newest.
      const at = free.findIndex((file) => file.sizeBytes === sizeBytes);
      let file: File | undefined = at < 0 ? undefined : free.splice(at, 1)[0]!;
      try {
        file ??= create(sizeBytes);
        writeTo(file, headOf(sequence, sizeBytes), parts);
      } catch (error) {
        if (file !== undefined) remove(file);
        if (refusedBytes === Infinity) onRefused(error as Error);
        refusedBytes = noRoom.has((error as NodeJS.ErrnoException).code) ? sizeBytes : 0;
        return null;
      }
      const patience = idleWrites + 4 * files.size;
      for (const idle of free.filter(({ freedAt }) => numWrites - freedAt > patience)) remove(idle);
      free = free.filter(({ path: kept }) => files.has(kept));
      return { path: file.path, sequence };
    },
    release: ({ path }) => {
      const file = files.get(path);
      if (file === undefined) return;
      file.freedAt = numWrites;
      free.push(file);
    },
    close: () => {
      for (const file of [...files.values()]) remove(file);
      free = [];
    },
  };
}

function writeTo({ path, memory }: File, head: Int32Array, parts: readonly Float32Array[]): void {
  if (memory !== null) {
    fill(headIn(memory), head, () => {
      let at = headBytes;
      for (const part of parts) {
        new Float32Array(memory, at, part.length).set(part);
        at += part.byteLength;
      }
    });
    return;
  }
  const descriptor = openSync(path, 'r+');
  try {
    writeAll(descriptor, emptyHead());
    for (const part of parts) writeAll(descriptor, part);
    writeSync(descriptor, head, 0, headBytes, 0);
  } finally {
    closeSync(descriptor);
  }
}
