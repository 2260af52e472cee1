// Files in shared memory that tensors cross processes in. A file is kept and written again when its tensor is retired:
// the pages of a new one would have to be found and zeroed first, which takes longer than copying into them.
import { closeSync, openSync, rmSync } from 'node:fs';
import { writeAll } from '@calm-orch/core';

export interface SharedFiles {
  /**
   * Writes the parts one after the other; the path, which holds them until it is released. Null where they cannot be
   * written: there is no room, or no folder one may write to.
   */
  write(parts: readonly Buffer[]): string | null;
  release(path: string): void;
  /** Removes all files. */
  close(): void;
}

/** A free file that so many writes found no use for is removed. */
const idleWrites = 16;

interface FreeFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly freedAt: number;
}

/** The folder is full, or a limit on it or on files is reached: less may still find room. */
const noRoom: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'ENOMEM']);

/** `prefix`: beginning of the path of every file; `onRefused`: told the first time that something cannot be written. */
export function createSharedFiles(prefix: string, onRefused: (error: Error) => void = () => {}): SharedFiles {
  const sizes = new Map<string, number>();
  let free: FreeFile[] = [];
  let numFiles = 0;
  let numWrites = 0;
  /** So many bytes or more are not tried again. */
  let refusedBytes = Infinity;
  const remove = (path: string): void => {
    sizes.delete(path);
    try {
      rmSync(path, { force: true });
    } catch {
      // The folder is out of reach: a later process removes what is left (removeDead).
    }
  };
  return {
    write: (parts) => {
      numWrites++;
      const sizeBytes = parts.reduce((sum, { length }) => sum + length, 0);
      if (sizeBytes >= refusedBytes) return null;
      // The one freed first: a peer may still be closing the newest.
      const at = free.findIndex((file) => file.sizeBytes === sizeBytes);
      const path = at < 0 ? `${prefix}-${numFiles++}` : free.splice(at, 1)[0]!.path;
      try {
        const file = openSync(path, at < 0 ? 'wx' : 'r+', 0o600);
        sizes.set(path, sizeBytes);
        try {
          for (const part of parts) writeAll(file, part);
        } finally {
          closeSync(file);
        }
      } catch (error) {
        if (sizes.has(path)) remove(path);
        if (refusedBytes === Infinity) onRefused(error as Error);
        refusedBytes = noRoom.has((error as NodeJS.ErrnoException).code) ? sizeBytes : 0;
        return null;
      }
      for (const { path: idle } of free.filter(({ freedAt }) => numWrites - freedAt > idleWrites)) remove(idle);
      free = free.filter(({ path: kept }) => sizes.has(kept));
      return path;
    },
    release: (path) => {
      free.push({ path, sizeBytes: sizes.get(path)!, freedAt: numWrites });
    },
    close: () => {
      for (const path of [...sizes.keys()]) remove(path);
      free = [];
    },
  };
}
