// Tensors between trainers. Each process offers its own under names and pulls those of others, by address and name.
// Between processes of one host a large tensor crosses as a file in shared memory, which peers read where it lies; between
// hosts as chunks of a gRPC stream with a CRC-32; so it does where shared memory is full or out of reach. A pull waits until
// the tensor is there.
// TensorFlow blocks the thread that serves: a peer's pull is answered once the step at hand is computed, which is when
// there is something to answer. Files are written when a tensor is published, not when it is asked for: the peer may still
// be computing then, and would wait for the copy later.
import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { Metadata, Server, status, type Client } from '@grpc/grpc-js';
import { CalmError, temporaryFolder, type TensorView } from '@calm-orch/core';
import { TensorServiceService } from '../generated/calm/v1/tensor.ts';
import { ownedName, removeDead } from '../address.ts';
import { openClient, retire } from '../client.ts';
import { answerWithFile, madeOf, share, stream, type Made, type Offered, type PullCall } from './offered.ts';
import { receive } from './receive.ts';
import { createSharedFiles, type FileMemory } from './shared-files.ts';
import { createSharedViews } from './shared-views.ts';
import type { TensorAccess } from './tensor-access.ts';

export interface TensorPlane {
  /** Where peers reach it. */
  readonly address: string;
  /** Offers a tensor, the parts one after the other. The parts must not change until the name is retired. */
  publish(name: string, ...parts: readonly Float32Array[]): void;
  /**
   * Offers a tensor that is made when a peer asks for it, and again for a peer that asks later: memory of the newest two
   * alone is kept. What is made must not change until the name is retired.
   */
  offer(name: string, make: () => readonly Float32Array[]): void;
  /** Waits until so many pulls of a published tensor have been answered in full, it is retired, or the signal. */
  taken(name: string, numPulls: number, signal: AbortSignal): Promise<void>;
  /** Forgets all names for which `keep` is false. */
  retire(keep: (name: string) => boolean): void;
  /**
   * A copy. `into` is filled and returned where it has the tensor's length: memory that was used before is quicker to fill.
   * @throws CalmError `unavailable` when the peer is gone, `cancelled` on the signal, `io` on a wrong checksum or where it
   * was written over
   */
  pull(address: string, name: string, signal: AbortSignal, into?: Float32Array): Promise<Float32Array>;
  /** As `pull`, where it lies: in shared memory it may be written over once its owner has retired it. */
  view(address: string, name: string, signal: AbortSignal, into?: Float32Array): Promise<TensorView>;
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
  /** Maps files of shared memory; without, they are read and written. */
  readonly memory?: FileMemory | undefined;
  /** Told once, when shared memory is wanted and cannot be used: why. @default nobody is told */
  readonly onStreamed?: (reason: string) => void;
}

/** Tensors made for peers that asked, whose memory is kept. */
const keptMade = 2;

export async function openTensorPlane({
  address,
  access,
  memory,
  ...options
}: TensorPlaneOptions): Promise<TensorPlane> {
  const shared = options.sharedMemory === undefined ? defaultSharedMemory() : options.sharedMemory;
  const ownHost = shared === null ? '' : hostIdentity();
  /** What peers are told: empty once a file of theirs could not be opened. */
  let host = ownHost;
  let onStreamed = options.onStreamed;
  const noteStreams = (reason: string): void => {
    onStreamed?.(`tensors that do not fit into shared memory are streamed (${reason})`);
    onStreamed = undefined;
  };
  const files =
    shared === null
      ? null
      : createSharedFiles({
          prefix: join(shared, sharedPrefix + ownedName(4)),
          memory,
          onRefused: ({ message }) => noteStreams(message),
        });
  const views = createSharedViews(memory);
  if (shared !== null) removeDeadFiles(shared);
  const tensors = new Map<string, Offered>();
  /** Of those made for peers that asked, the newest last. */
  let latest: Offered[] = [];
  const waiting = new Map<string, Set<() => void>>();
  const clients = new Map<string, Client>();
  /** Pulls that wait or are being answered. */
  const calls = new Set<PullCall>();
  /** Whether a process of this host has asked for anything. */
  let hasLocalPeers = false;

  const release = (offered: Offered): void => {
    const shared = offered.made?.shared ?? null;
    if (shared !== null) files!.release(shared);
    offered.made = null;
  };
  const forget = (name: string): void => {
    const offered = tensors.get(name)!;
    tensors.delete(name);
    release(offered);
    offered.onTaken();
  };
  const madeNow = (offered: Offered): Made => {
    if (offered.made !== null) return offered.made;
    latest = [...latest.filter((each) => each !== offered), offered];
    while (latest.length > keptMade) release(latest.shift()!);
    return (offered.made = madeOf(offered.make()));
  };
  const answer = async (call: PullCall, name: string): Promise<void> => {
    const found = tensors.get(name)!;
    const made = madeNow(found);
    const taken = (): void => {
      found.takenBy.add(call);
      found.onTaken();
    };
    // Finished means that the system has the bytes: from then on the peer gets them while this process computes.
    call.once('finish', taken);
    call.once('cancelled', taken);
    const sharesFiles = files !== null && call.request.host !== '' && call.request.host === ownHost;
    if (sharesFiles) share(made, files);
    if (sharesFiles && made.shared !== null) answerWithFile(call, made, made.shared);
    else await stream(call, made, () => calls.has(call));
  };
  const answerWaiting = (name: string): void => {
    const asking = waiting.get(name);
    waiting.delete(name);
    for (const ready of asking ?? []) ready();
  };
  const add = (name: string, offered: Pick<Offered, 'make' | 'made'>): void => {
    if (tensors.has(name)) forget(name);
    tensors.set(name, { ...offered, takenBy: new Set(), onTaken: () => {} });
    answerWaiting(name);
  };
  const serve = (call: PullCall): void => {
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
  server.addService(TensorServiceService, { pull: serve });
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
  const view: TensorPlane['view'] = async (peer, name, signal, into) => {
    const request = { metadata: access.metadata, signal, views, into };
    const found = await receive(clientOf(peer), peer, { name, host }, request);
    if (found !== null) return found;
    const streamed = await receive(clientOf(peer), peer, { name, host: '' }, request);
    noteStreams(`files of ${peer} cannot be opened here`);
    host = '';
    return streamed!;
  };
  return {
    address: address.startsWith('unix:') ? address : address.replace(/:\d+$/, `:${port}`),
    publish: (name, ...parts) => {
      const made = madeOf(parts);
      if (hasLocalPeers) share(made, files);
      add(name, { make: () => parts, made });
    },
    offer: (name, make) => add(name, { make, made: null }),
    taken: async (name, numPulls, signal) => {
      const found = tensors.get(name);
      if (found === undefined) return;
      const isOver = (): boolean => tensors.get(name) !== found || found.takenBy.size >= numPulls || signal.aborted;
      await new Promise<void>((resolve) => {
        const check = (): void => {
          if (!isOver()) return;
          signal.removeEventListener('abort', check);
          resolve();
        };
        found.onTaken = check;
        signal.addEventListener('abort', check);
        check();
      });
    },
    retire: (keep) => {
      for (const name of [...tensors.keys()]) if (!keep(name)) forget(name);
    },
    pull: async (peer, name, signal, into) => {
      const { values, isCopy, isIntact } = await view(peer, name, signal, into);
      if (isCopy) return values;
      const copy = into?.length === values.length ? into : new Float32Array(values.length);
      copy.set(values);
      if (!isIntact()) throw new CalmError('io', `tensor ${name} of ${peer}: it was written over`);
      return copy;
    },
    view,
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
      views.close();
      for (const client of clients.values()) client.close();
      server.forceShutdown();
    },
  };
}

/** What is on its way already arrives. A call that is destroyed would tell its peer nothing. */
function refuse(call: PullCall): void {
  const details = 'not a trainer of this run';
  call.emit(
    'error',
    Object.assign(new Error(details), { code: status.UNAUTHENTICATED, details, metadata: new Metadata() }),
  );
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
