// What an attempt may read of the run folder from another host: artifacts, by the names in their manifests, and the
// checkpoints of its stage. Nothing else has a name here.
import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, isInnerName, readInto, sha256, wholeFilesIn } from '@calm-orch/core';
import type { FileEntry, FileRange } from '@calm-orch/rpc';
import { manifestName, readManifest, syncAndHash } from '../artifacts/artifact.ts';
import type { Layout } from '../artifacts/layout.ts';

export interface Readable {
  /** Its manifest first, which tells whether somebody has all of it. @throws CalmError `io` where it is not whole */
  artifact(key: string): readonly FileEntry[];
  /** Of a stage, as they are now. */
  checkpoints(key: string): Promise<readonly FileEntry[]>;
  /** @throws CalmError `not_found`, `invalid_argument` */
  read(
    source: { readonly artifact: string } | { readonly checkpoints: string },
    ranges: readonly FileRange[],
  ): Buffer[];
}

const maxPiecesBytes = 1024 * 1024;

/** What one call may move. @throws CalmError `invalid_argument` */
export function checkPieces(sizes: readonly number[]): void {
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes > maxPiecesBytes)
    throw new CalmError('invalid_argument', `pieces: at most ${maxPiecesBytes} bytes a call, got ${bytes}`);
}

interface Listed {
  readonly files: readonly FileEntry[];
  readonly names: ReadonlySet<string>;
  /** Of the manifest: another one is read again. */
  readonly inode: number;
}

export function createReadable(layout: Layout): Readable {
  const listed = new Map<string, Listed>();
  const hashes = new Map<string, string>();
  const listOf = (key: string): Listed => {
    const path = join(layout.artifact(key), manifestName);
    const inode = statSync(path, { throwIfNoEntry: false })?.ino;
    const known = listed.get(key);
    if (known !== undefined && known.inode === inode) return known;
    const manifest = readManifest(layout, key);
    if (manifest === null || inode === undefined)
      throw new CalmError('io', `artifact ${key.slice(0, 8)} is not whole any more; run again`);
    const text = readFileSync(path);
    const own = { path: manifestName, sizeBytes: text.byteLength, sha256: sha256(text) };
    const files = [own, ...manifest.files.map(({ path, bytes, sha256 }) => ({ path, sizeBytes: bytes, sha256 }))];
    const found = { files, names: new Set(files.map((file) => file.path)), inode };
    listed.set(key, found);
    return found;
  };
  /** Its stage may be writing: what is gone meanwhile is no checkpoint any more. */
  const entryOf = async (dir: string, path: string): Promise<FileEntry[]> => {
    try {
      const { ino, size: sizeBytes, mtimeMs } = statSync(join(dir, path));
      const stamp = `${ino} ${sizeBytes} ${mtimeMs}`;
      const hash = hashes.get(stamp) ?? (await syncAndHash(join(dir, path))).sha256;
      hashes.set(stamp, hash);
      return [{ path, sizeBytes, sha256: hash }];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  };
  return {
    artifact: (key) => listOf(key).files,
    checkpoints: async (key) => {
      const dir = layout.checkpoint(key);
      const files: FileEntry[] = [];
      for (const path of wholeFilesIn(dir)) files.push(...(await entryOf(dir, path)));
      return files;
    },
    read: (source, ranges) => {
      checkPieces(ranges.map(({ sizeBytes }) => sizeBytes));
      const isArtifact = 'artifact' in source;
      const dir = isArtifact ? layout.artifact(source.artifact) : layout.checkpoint(source.checkpoints);
      const names = isArtifact ? listOf(source.artifact).names : null;
      return ranges.map(({ path, offset, sizeBytes }) => {
        const isNamed = names === null ? isInnerName(path) : names.has(path);
        if (!isNamed) throw new CalmError('not_found', `no file ${JSON.stringify(path)} to be read here`);
        return piece(join(dir, path), offset, sizeBytes);
      });
    },
  };
}

/** @throws CalmError `not_found` where the file has no such piece. */
function piece(path: string, offset: number, bytes: number): Buffer {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (cause) {
    throw new CalmError('not_found', `${path} is not there any more`, { cause });
  }
  try {
    const into = Buffer.allocUnsafe(bytes);
    if (fstatSync(descriptor).isFile() && readInto(descriptor, into, offset) === bytes) return into;
    throw new CalmError('not_found', `${path}: there are no ${bytes} bytes from ${offset} on`);
  } finally {
    closeSync(descriptor);
  }
}
