// Tensors between trainers. Each process publishes its own under names and pulls those of others, by address and name.
// Between processes of one host a large tensor crosses as a file in shared memory, between hosts as chunks of a gRPC
// stream; so it does where shared memory is full or out of reach. Every tensor comes with its CRC-32, and a pull waits
// until the tensor is there.
// TensorFlow blocks the thread that serves: a peer's pull is answered once the step at hand is computed, which is when
// there is something to answer. Files are written when a tensor is published, not when it is asked for: the peer may still
// be computing then, and would wait for the copy later.
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import {
  Metadata,
  Server,
  status,
  type Client,
  type ClientReadableStream,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { CalmError, readInto, temporaryFolder } from '@calm-orch/core';
import { TensorServiceService, type PullRequest, type PullResponse } from '../generated/calm/v1/tensor.ts';
import { ownedName, removeDead } from '../address.ts';
import { openClient, retire } from '../client.ts';
import { createSharedFiles } from './shared-files.ts';
import type { TensorAccess } from './tensor-access.ts';
import { fromStatus } from '../status.ts';

export interface TensorPlane {
  /** Where peers reach it. */
  readonly address: string;
  /** Offers a tensor, the parts one after the other. The parts must not change until the name is retired. */
  publish(name: string, ...parts: readonly Float32Array[]): void;
  /** Waits until so many pulls of a published tensor have been answered in full, it is retired, or the signal. */
  taken(name: string, numPulls: number, signal: AbortSignal): Promise<void>;
  /** Forgets all names for which `keep` is false. */
  retire(keep: (name: string) => boolean): void;
  /**
   * `into` is filled and returned where it has the tensor's length: memory that was used before is quicker to fill.
   * @throws CalmError `unavailable` when the peer is gone, `cancelled` on the signal, `io` on a wrong checksum.
   */
  pull(address: string, name: string, signal: AbortSignal, into?: Float32Array): Promise<Float32Array>;
  /** Connections to peers are made anew: they show what `access` shows by now. */
  reconnect(): void;
  /** Ends what is being given to peers that `access` admits no longer. */
  expel(): void;
  close(): void;
}

export interface TensorPlaneOptions {
  /** `unix:/path` or `host:0`. */
  readonly address: string;
  readonly access: TensorAccess;
  /** Folder for tensors in shared memory; null: all tensors are streamed. @default /dev/shm where there is one */
  readonly sharedMemory?: string | null;
  /** Told once, when shared memory is wanted and cannot be used: why. @default nobody is told */
  readonly onStreamed?: (reason: string) => void;
}

const chunkBytes = 1 << 20;
/** Smaller tensors come with the answer, also within a host. */
const inlineBytes = 16 << 10;

interface Published {
  readonly parts: readonly Buffer[];
  readonly sizeBytes: number;
  readonly crc: number;
  path: string | null;
  /** Calls answered in full, or given up by the peer. */
  readonly takenBy: Set<ServerWritableStream<PullRequest, PullResponse>>;
  /** Called with each of them, and when the tensor is forgotten. */
  onTaken: () => void;
}

export async function openTensorPlane({ address, access, ...options }: TensorPlaneOptions): Promise<TensorPlane> {
  const shared = options.sharedMemory === undefined ? defaultSharedMemory() : options.sharedMemory;
  const ownHost = shared === null ? '' : hostIdentity();
  /** What peers are told: empty once a file of theirs could not be opened. */
  let host = ownHost;
  let onStreamed = options.onStreamed;
  const stream = (reason: string): void => {
    onStreamed?.(`tensors that do not fit into shared memory are streamed (${reason})`);
    onStreamed = undefined;
  };
  const files =
    shared === null
      ? null
      : createSharedFiles(join(shared, sharedPrefix + ownedName(4)), ({ message }) => stream(message));
  if (shared !== null) removeDeadFiles(shared);
  const tensors = new Map<string, Published>();
  const waiting = new Map<string, Set<() => void>>();
  const clients = new Map<string, Client>();
  /** Pulls that wait or are being answered. */
  const calls = new Set<ServerWritableStream<PullRequest, PullResponse>>();
  /** Whether a process of this host has asked for anything. */
  let hasLocalPeers = false;

  const forget = (name: string): void => {
    const { path, onTaken } = tensors.get(name)!;
    tensors.delete(name);
    if (path !== null) files!.release(path);
    onTaken();
  };
  const answer = async (call: ServerWritableStream<PullRequest, PullResponse>, name: string): Promise<void> => {
    const found = tensors.get(name)!;
    const { sizeBytes, crc } = found;
    const taken = (): void => {
      found.takenBy.add(call);
      found.onTaken();
    };
    // Finished means that the system has the bytes: from then on the peer gets them while this process computes.
    call.once('finish', taken);
    call.once('cancelled', taken);
    const sharesFiles = files !== null && call.request.host !== '' && call.request.host === ownHost;
    if (sharesFiles && sizeBytes > inlineBytes) found.path ??= files.write(found.parts);
    if (sharesFiles && found.path !== null) {
      call.write({ sizeBytes, crc32: crc, path: found.path, chunk: Buffer.alloc(0) });
      call.end();
      return;
    }
    call.write({ sizeBytes, crc32: crc, path: '', chunk: Buffer.alloc(0) });
    let resume = (): void => {};
    for (const event of ['drain', 'cancelled', 'error']) call.on(event, () => resume());
    for (const part of found.parts)
      for (let start = 0; start < part.length && calls.has(call); start += chunkBytes) {
        const chunk = part.subarray(start, start + chunkBytes);
        if (!call.write({ sizeBytes: 0, crc32: 0, path: '', chunk }))
          await new Promise<void>((drained) => (resume = drained));
      }
    if (calls.has(call)) call.end();
  };
  const pull = (call: ServerWritableStream<PullRequest, PullResponse>): void => {
    if (!access.admits(call)) return refuse(call);
    const { name } = call.request;
    calls.add(call);
    for (const event of ['close', 'cancelled']) call.once(event, () => calls.delete(call));
    hasLocalPeers ||= files !== null && call.request.host === ownHost;
    const ready = (): void => {
      waiting.get(name)?.delete(ready);
      if (calls.has(call)) answer(call, name).catch((error: unknown) => call.emit('error', error));
    };
    if (tensors.has(name)) return ready();
    const others = waiting.get(name) ?? new Set();
    waiting.set(name, others.add(ready));
    call.on('cancelled', () => {
      others.delete(ready);
      if (others.size === 0 && waiting.get(name) === others) waiting.delete(name);
    });
  };

  const server = new Server();
  server.addService(TensorServiceService, { pull });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, access.serverCredentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(new CalmError('unavailable', `cannot serve tensors on ${address}: ${error.message}`));
    });
  });
  const clientOf = (peer: string): Client => {
    const known = clients.get(peer);
    if (known !== undefined) return known;
    const client = openClient(peer, 500, access.clientCredentials());
    clients.set(peer, client);
    return client;
  };
  return {
    address: address.startsWith('unix:') ? address : address.replace(/:\d+$/, `:${port}`),
    publish: (name, ...parts) => {
      const buffers = parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength));
      const crc = buffers.reduce((sum, buffer) => crc32(buffer, sum), 0);
      const sizeBytes = buffers.reduce((sum, { length }) => sum + length, 0);
      if (tensors.has(name)) forget(name);
      const path = files !== null && hasLocalPeers && sizeBytes > inlineBytes ? files.write(buffers) : null;
      tensors.set(name, { parts: buffers, sizeBytes, crc, path, takenBy: new Set(), onTaken: () => {} });
      const asking = waiting.get(name);
      waiting.delete(name);
      for (const ready of asking ?? []) ready();
    },
    taken: async (name, numPulls, signal) => {
      const found = tensors.get(name);
      while (found !== undefined && tensors.get(name) === found && found.takenBy.size < numPulls && !signal.aborted)
        await new Promise<void>((resolve) => {
          found.onTaken = resolve;
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
    },
    retire: (keep) => {
      for (const name of [...tensors.keys()]) if (!keep(name)) forget(name);
    },
    pull: async (peer, name, signal, into) => {
      const request = { metadata: access.metadata, signal, into };
      const tensor = await receive(clientOf(peer), peer, { name, host }, request);
      if (tensor !== unopened) return tensor;
      const streamed = await receive(clientOf(peer), peer, { name, host: '' }, request);
      stream(`files of ${peer} cannot be opened here`);
      host = '';
      return streamed;
    },
    reconnect: () => {
      for (const client of clients.values()) retire(client);
      clients.clear();
    },
    expel: () => {
      for (const call of calls)
        if (!access.admits(call)) {
          calls.delete(call);
          refuse(call);
        }
    },
    close: () => {
      tensors.clear();
      files?.close();
      for (const client of clients.values()) client.close();
      server.forceShutdown();
    },
  };
}

/** What is on its way already arrives. A call that is destroyed would tell its peer nothing. */
function refuse(call: ServerWritableStream<PullRequest, PullResponse>): void {
  const details = 'not a trainer of this run';
  call.emit(
    'error',
    Object.assign(new Error(details), { code: status.UNAUTHENTICATED, details, metadata: new Metadata() }),
  );
}

interface ReceiveOptions {
  readonly metadata: Metadata;
  readonly signal: AbortSignal;
  readonly into: Float32Array | undefined;
}

/** Instead of a tensor: it lies in a file that this process cannot open. */
const unopened = new Float32Array(0);

/** One tensor from a peer, or `unopened`. */
function receive(client: Client, peer: string, request: PullRequest, { metadata, signal, into }: ReceiveOptions) {
  const { path, requestSerialize, responseDeserialize } = TensorServiceService.pull;
  const where = `tensor ${request.name} of ${peer}`;
  return new Promise<Float32Array>((resolve, reject) => {
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
    let bytes = Buffer.alloc(0);
    let received = 0;
    const isWhole = (): boolean => head !== undefined && received >= head.sizeBytes;
    /** Not at the end of the call: its peer may be computing by then, and send the end afterwards. */
    const settle = ({ sizeBytes, crc32: crc }: PullResponse): void => {
      signal.removeEventListener('abort', cancel);
      if (received > sizeBytes || crc32(bytes) !== crc) reject(damaged(sizeBytes));
      else resolve(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
    };
    const damaged = (sizeBytes: number): CalmError =>
      new CalmError('io', `${where}: ${received} of ${sizeBytes} bytes came, or their checksum is wrong`);
    call.on('data', (message: PullResponse) => {
      // Whoever gave it up may be filling the same memory from elsewhere by now.
      if (signal.aborted || isWhole()) return;
      if (head === undefined) {
        head = message;
        bytes = bufferFor(message.sizeBytes, into);
        const read = message.path === '' ? 0 : readFile(message.path, bytes);
        if (read === null) {
          signal.removeEventListener('abort', cancel);
          return resolve(unopened);
        }
        received = read;
      } else {
        if (received + message.chunk.length <= bytes.length) bytes.set(message.chunk, received);
        received += message.chunk.length;
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

function bufferFor(sizeBytes: number, into: Float32Array | undefined): Buffer<ArrayBuffer> {
  if (into?.byteLength !== sizeBytes) return Buffer.from(new ArrayBuffer(sizeBytes));
  return Buffer.from(into.buffer as ArrayBuffer, into.byteOffset, sizeBytes);
}

/** Fills the bytes from a file in shared memory: how many came, fewer where its owner writes it again; null: it is out of reach. */
function readFile(path: string, bytes: Buffer): number | null {
  try {
    const file = openSync(path, 'r');
    try {
      return readInto(file, bytes);
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}

/** Beside the coordinator's socket, under a name of our own; or a free port where the coordinator has a port. */
export function ownAddress(coordinator: string): string {
  if (!coordinator.startsWith('unix:')) return coordinator.replace(/:\d+$/, ':0');
  return `unix:${join(dirname(coordinator.slice('unix:'.length)), ownedName())}`;
}

function defaultSharedMemory(): string {
  return statSync('/dev/shm', { throwIfNoEntry: false })?.isDirectory() ? '/dev/shm' : temporaryFolder();
}

const sharedPrefix = 'calm-orch-';

function removeDeadFiles(shared: string): void {
  try {
    removeDead(shared, sharedPrefix);
  } catch {
    // No such folder, or none of ours: what is written there will say so.
  }
}

/** Equal for processes that see the same files: host name and, where the system tells it, the boot. */
function hostIdentity(): string {
  try {
    return `${hostname()} ${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
  } catch {
    return hostname();
  }
}
