// A tensor that a process offers, as its peers get it: written into shared memory once for all of them, or cut into chunks.
import { crc32 } from 'node:zlib';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { pieces } from '@calm-orch/core';
import type { PullRequest, PullResponse } from '../generated/calm/v1/tensor.ts';
import type { SharedFiles, SharedTensor } from './shared-files.ts';

export type PullCall = ServerWritableStream<PullRequest, PullResponse>;

/** The numbers of a tensor, and where peers of this host find them. */
export interface Made {
  readonly parts: readonly Float32Array[];
  readonly sizeBytes: number;
  /** Null: not written yet, or it could not be. */
  shared: SharedTensor | null;
  /** Of a tensor that was streamed. */
  crc?: number;
}

export interface Offered {
  /** Makes the numbers; those that were made when the tensor was offered are there already. */
  readonly make: () => readonly Float32Array[];
  made: Made | null;
  /** Calls answered in full, or given up by the peer. */
  readonly takenBy: Set<PullCall>;
  /** Called with each of them, and when the tensor is forgotten. */
  onTaken: () => void;
}

const chunkBytes = 1 << 20;
/** Smaller tensors come with the answer, also within a host. */
export const inlineBytes = 16 << 10;

export function madeOf(parts: readonly Float32Array[]): Made {
  return { parts, sizeBytes: parts.reduce((sum, { byteLength }) => sum + byteLength, 0), shared: null };
}

/** Writes a tensor that is worth it where it is not written yet. */
export function share(made: Made, files: SharedFiles | null): void {
  if (made.sizeBytes > inlineBytes) made.shared ??= files?.write(made.parts) ?? null;
}

/** Gives a peer of this host the file that holds the tensor. */
export function answerWithFile(call: PullCall, { sizeBytes }: Made, { path, sequence }: SharedTensor): void {
  call.write({ sizeBytes, crc32: 0, path, sequence, chunk: Buffer.alloc(0) });
  call.end();
}

/** Sends size, CRC-32 and all chunks while the peer wants them. */
export async function stream(call: PullCall, made: Made, isWanted: () => boolean): Promise<void> {
  made.crc ??= checksum(made.parts);
  call.write({ sizeBytes: made.sizeBytes, crc32: made.crc, path: '', sequence: 0, chunk: Buffer.alloc(0) });
  let resume = (): void => {};
  for (const event of ['drain', 'cancelled', 'error']) call.on(event, () => resume());
  for (const part of made.parts)
    for (const { buffer, byteOffset, length } of pieces(part, chunkBytes)) {
      if (!isWanted()) return;
      const chunk = Buffer.from(buffer as ArrayBuffer, byteOffset, length);
      if (!call.write({ sizeBytes: 0, crc32: 0, path: '', sequence: 0, chunk }))
        await new Promise<void>((drained) => (resume = drained));
    }
  if (isWanted()) call.end();
}

/** CRC-32 of the parts, one after the other. */
export function checksum(parts: readonly Float32Array[]): number {
  let crc = 0;
  for (const part of parts) for (const piece of pieces(part)) crc = crc32(piece, crc);
  return crc;
}
