// A tensor from a peer: where it lies in shared memory, or out of the chunks of a stream, whose CRC-32 must be right.
import type { Client, ClientReadableStream, Metadata } from '@grpc/grpc-js';
import { CalmError, type TensorView } from '@calm-orch/core';
import { TensorServiceService, type PullRequest, type PullResponse } from '../generated/calm/v1/tensor.ts';
import { fromStatus } from '../status.ts';
import { checksum } from './offered.ts';
import { copyView, type SharedViews } from './shared-views.ts';

export interface ReceiveOptions {
  readonly metadata: Metadata;
  readonly signal: AbortSignal;
  readonly views: SharedViews;
  /** Filled where the tensor is not mapped and has this length: memory that was used before is quicker to fill. */
  readonly into: Float32Array | undefined;
}

/** Null: it lies in a file that this process cannot open. @throws as `pull` of a tensor plane */
export function receive(
  client: Client,
  peer: string,
  request: PullRequest,
  { metadata, signal, views, into }: ReceiveOptions,
): Promise<TensorView | null> {
  const { path, requestSerialize, responseDeserialize } = TensorServiceService.pull;
  const where = `tensor ${request.name} of ${peer}`;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new CalmError('cancelled', `${where}: no longer wanted`));
    const call: ClientReadableStream<PullResponse> = client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
    );
    const cancel = (): void => call.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    let head: PullResponse | undefined;
    let values = new Float32Array(0);
    let received = 0;
    const isWhole = (): boolean => head !== undefined && received >= head.sizeBytes;
    const damaged = (sizeBytes: number): CalmError =>
      new CalmError('io', `${where}: ${received} of ${sizeBytes} bytes came, or their checksum is wrong`);
    /** Not at the end of the call: its peer may be computing by then, and send the end afterwards. */
    const settle = ({ sizeBytes, crc32 }: PullResponse): void => {
      signal.removeEventListener('abort', cancel);
      if (received > sizeBytes || checksum([values]) !== crc32) reject(damaged(sizeBytes));
      else resolve(copyView(values));
    };
    const settleWithFile = ({ path: file, sequence, sizeBytes }: PullResponse): void => {
      signal.removeEventListener('abort', cancel);
      received = sizeBytes;
      const view = views.open({ path: file, sequence }, sizeBytes, into);
      if (view === false) reject(new CalmError('io', `${where}: it was written over`));
      else resolve(view);
    };
    call.on('data', (message: PullResponse) => {
      // Whoever gave it up may be filling the same memory from elsewhere by now.
      if (signal.aborted || isWhole()) return;
      if (head === undefined) {
        head = message;
        if (message.path !== '') return settleWithFile(message);
        const { sizeBytes } = message;
        values = (into?.byteLength === sizeBytes ? into : new Float32Array(sizeBytes / 4)) as typeof values;
      } else {
        const { length } = message.chunk;
        if (received + length <= head.sizeBytes)
          new Uint8Array(values.buffer, values.byteOffset + received, length).set(message.chunk);
        received += length;
      }
      if (isWhole()) settle(head);
    });
    call.on('error', (error) => {
      signal.removeEventListener('abort', cancel);
      reject(
        signal.aborted ? new CalmError('cancelled', `${where}: no longer wanted`) : fromStatus(error as never, where),
      );
    });
    call.on('end', () => {
      signal.removeEventListener('abort', cancel);
      if (head !== undefined && !isWhole()) reject(damaged(head.sizeBytes));
    });
  });
}
