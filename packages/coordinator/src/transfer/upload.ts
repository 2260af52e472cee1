// One delivery of an attempt on another host, as it comes in: files that were announced, piece after piece, into a folder
// that nobody reads. What is there after a cut is kept. Nothing that was not announced is written, under no other name, and
// no byte more.
import { createHash, type Hash } from 'node:crypto';
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CalmError, isInnerName } from '@calm-orch/core';
import type { FileEntry, FilePiece } from '@calm-orch/rpc';

export interface UploadLimits {
  readonly maxFiles: number;
  /** Of all files of a delivery. */
  readonly maxBytes: number;
  /** That have to stay free on the disk. */
  readonly reservedBytes: number;
}

const gib = 1024 ** 3;

/** A checkpoint of seven billion weights with their moments has 84 GB, and two are kept. */
export const defaultUploadLimits: UploadLimits = { maxFiles: 100_000, maxBytes: 512 * gib, reservedBytes: gib };

export interface Upload {
  /** By name, with their hashes. */
  readonly files: ReadonlyMap<string, FileEntry>;
  /** Announces files; how many bytes of each are there. @param isThere What need not be sent. @throws CalmError `invalid_argument`, `io` */
  offer(files: readonly FileEntry[], isThere: (file: FileEntry) => boolean): number[];
  /** @throws CalmError `invalid_argument` */
  write(pieces: readonly FilePiece[]): void;
  /** Names of files that are not what was announced; they are to be written again. @throws CalmError `invalid_argument` while something is missing */
  check(): string[];
  /** Of those that were sent. */
  pathsSent(): string[];
}

interface Receiving extends FileEntry {
  /** null: the file is there already. */
  hash: Hash | null;
  heldBytes: number;
}

export function createUpload(dir: string, limits = defaultUploadLimits): Upload {
  const files = new Map<string, Receiving>();
  let totalBytes = 0;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const announce = (file: FileEntry, isThere: boolean): Receiving => {
    const { path, sizeBytes, sha256 } = file;
    if (!isInnerName(path)) throw refused(`${JSON.stringify(path.slice(0, 100))} is no name of a file within a folder`);
    if (!Number.isSafeInteger(sizeBytes) || !/^[0-9a-f]{64}$/.test(sha256))
      throw refused(`${path} has no size or hash`);
    totalBytes += sizeBytes;
    if (files.size >= limits.maxFiles) throw refused(`more than ${limits.maxFiles} files`);
    if (totalBytes > limits.maxBytes) throw refused(`more than ${limits.maxBytes} bytes`);
    if (isThere) return { ...file, hash: null, heldBytes: sizeBytes };
    try {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      closeSync(openSync(join(dir, path), 'wx'));
    } catch (cause) {
      if (!['EEXIST', 'ENOTDIR', 'ENAMETOOLONG'].includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
      throw refused(`${path} cannot lie beside the others`);
    }
    return { ...file, hash: createHash('sha256'), heldBytes: 0 };
  };
  const restart = (file: Receiving): void => {
    const descriptor = openSync(join(dir, file.path), 'r+');
    ftruncateSync(descriptor);
    closeSync(descriptor);
    file.hash = createHash('sha256');
    file.heldBytes = 0;
  };
  return {
    files,
    offer: (offered, isThere) => {
      const missingBytes = offered.reduce((sum, file) => sum + (isThere(file) ? 0 : file.sizeBytes), 0);
      const { bavail, bsize } = statfsSync(dir);
      if (missingBytes > bavail * bsize - limits.reservedBytes)
        throw new CalmError('io', `no room for ${missingBytes} bytes on the coordinator's disk (${dirname(dir)})`);
      return offered.map((file) => {
        const known = files.get(file.path);
        if (known !== undefined && (known.sha256 !== file.sha256 || known.sizeBytes !== file.sizeBytes))
          throw refused(`${file.path} was offered with other bytes before`);
        const receiving = known ?? announce(file, isThere(file));
        files.set(file.path, receiving);
        return receiving.heldBytes;
      });
    },
    write: (pieces) => {
      for (const { path, offset, piece } of pieces) {
        const file = files.get(path);
        if (file === undefined) throw refused(`${JSON.stringify(path.slice(0, 100))} was not offered`);
        if (offset > file.heldBytes || offset + piece.length > file.sizeBytes)
          throw refused(
            `${path}: bytes ${offset} to ${offset + piece.length} do not go on at ${file.heldBytes} of ${file.sizeBytes}`,
          );
        // What was sent again because its answer was lost is there.
        const fresh = piece.subarray(file.heldBytes - offset);
        if (fresh.length === 0) continue;
        append(join(dir, path), fresh, file.heldBytes);
        file.hash!.update(fresh);
        file.heldBytes += fresh.length;
      }
    },
    check: () => {
      const missing = [...files.values()].find(({ heldBytes, sizeBytes }) => heldBytes < sizeBytes);
      if (missing !== undefined) throw refused(`${missing.path} is not whole yet`);
      const damaged = [...files.values()].filter(
        ({ hash, sha256 }) => hash !== null && hash.copy().digest('hex') !== sha256,
      );
      damaged.forEach(restart);
      return damaged.map(({ path }) => path);
    },
    pathsSent: () => [...files.values()].flatMap(({ path, hash }) => (hash === null ? [] : [path])),
  };
}

function append(path: string, bytes: Buffer, position: number): void {
  const descriptor = openSync(path, 'r+');
  try {
    for (let done = 0; done < bytes.length;)
      done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
  } finally {
    closeSync(descriptor);
  }
}

const refused = (what: string): CalmError => new CalmError('invalid_argument', `files of an attempt: ${what}`);
