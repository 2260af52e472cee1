// Bytes in numbers one call can take: read(2), write(2) and a hash stop short of 2 GiB, and a Buffer of Node 20 at 4 GiB.
// Arrays of numbers may be larger; they are gone through in windows.
import { createHash, type Hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

const pieceBytes = 8 * 1024 * 1024;

/** Windows on the memory of `values`, in order. */
export function* pieces(values: ArrayBufferView, maxBytes = pieceBytes): Generator<Uint8Array> {
  for (let at = 0; at < values.byteLength; at += maxBytes)
    yield new Uint8Array(values.buffer, values.byteOffset + at, Math.min(maxBytes, values.byteLength - at));
}

/** Feeds the bytes of `values` to a hash, however many they are. */
export function updateHash(hash: Hash, values: ArrayBufferView, maxBytes = pieceBytes): void {
  for (const piece of pieces(values, maxBytes)) hash.update(piece);
}

/** Writes all of `values` at the descriptor's place. */
export function writeAll(descriptor: number, values: ArrayBufferView, maxBytes = pieceBytes): void {
  for (const piece of pieces(values, maxBytes))
    for (let done = 0; done < piece.length;) done += writeSync(descriptor, piece, done, piece.length - done);
}

/** Fills `values` from `position` of the file on; how many bytes came: fewer where the file ends. */
export function readInto(descriptor: number, values: ArrayBufferView, position = 0, maxBytes = pieceBytes): number {
  let total = 0;
  for (const piece of pieces(values, maxBytes))
    for (let done = 0; done < piece.length;) {
      const got = readSync(descriptor, piece, done, piece.length - done, position + total);
      if (got === 0) return total;
      done += got;
      total += got;
    }
  return total;
}

/** sha256 of a file in 64 hex digits, with the memory of one piece. */
export function sha256OfFile(path: string, maxBytes = pieceBytes): string {
  const hash = createHash('sha256');
  const descriptor = openSync(path, 'r');
  try {
    // Of thousands of small files each would have to find the pages of a large piece. Files of /proc say they are empty.
    const { size } = fstatSync(descriptor);
    const piece = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(size, 4096)));
    for (let got = readSync(descriptor, piece); got > 0; got = readSync(descriptor, piece))
      hash.update(piece.subarray(0, got));
  } finally {
    closeSync(descriptor);
  }
  return hash.digest('hex');
}

/** Length and sha256 of an open file, while this process does other work. */
export async function measureFile(handle: FileHandle): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of handle.createReadStream({ autoClose: false, start: 0, highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).byteLength;
  }
  return { bytes, sha256: hash.digest('hex') };
}
