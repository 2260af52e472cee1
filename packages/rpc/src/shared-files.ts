// Files in shared memory that tensors cross processes in. A file is kept and written again when its tensor is retired:
// the pages of a new one would have to be found and zeroed first, which takes longer than copying into them.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';

export interface SharedFiles {
  /** Writes the parts one after the other; the path, which holds them until it is released. */
  write(parts: readonly Buffer[]): string;
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

/** `prefix`: beginning of the path of every file. */
export function createSharedFiles(prefix: string): SharedFiles {
  const sizes = new Map<string, number>();
  let free: FreeFile[] = [];
  let numFiles = 0;
  let numWrites = 0;
  const remove = (path: string): void => {
    sizes.delete(path);
    rmSync(path, { force: true });
  };
  return {
    write: (parts) => {
      numWrites++;
      const sizeBytes = parts.reduce((sum, { length }) => sum + length, 0);
      // The one freed first: a peer may still be closing the newest.
      const at = free.findIndex((file) => file.sizeBytes === sizeBytes);
      const path = at < 0 ? `${prefix}-${numFiles++}` : free.splice(at, 1)[0]!.path;
      const file = openSync(path, at < 0 ? 'wx' : 'r+', 0o600);
      sizes.set(path, sizeBytes);
      try {
        let offset = 0;
        for (const part of parts)
          for (let done = 0; done < part.length;) {
            const written = writeSync(file, part, done, part.length - done, offset);
            done += written;
            offset += written;
          }
      } finally {
        closeSync(file);
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
