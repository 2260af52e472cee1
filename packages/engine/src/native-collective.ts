// Servers of TensorFlow that the members of a gang join, by the addon of ../install/collective where the engine has one.
// Only processes of one host reach them: what they say is neither encrypted nor signed (SECURITY.md).
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { asFloats, type Feed, type GraphSession } from './graph/graph-session.ts';
import type { Values } from './graph/program-spec.ts';
import { usesGpu } from './load.ts';
import { nativeAddon } from './native-memory.ts';

type NativeSession = object;

interface NativeCollective {
  serve(serverDef: Uint8Array, port: number): string;
  retire(port: number): void;
  openSession(dir: string, target: string, config: Uint8Array): NativeSession;
  closeSession(session: NativeSession): void;
  runSession<Waits extends boolean>(
    session: NativeSession,
    feeds: readonly string[],
    values: readonly Values[],
    shapes: readonly (readonly number[])[],
    fetches: readonly string[],
    waits: Waits,
  ): Waits extends true ? Promise<Values[]> : Values[];
}

/** Servers that a process starts in its life: none can be stopped, and each keeps 86 threads. */
const maxServers = 16;
let numServers = 0;

/** A port of this host for the next server; null where this process cannot start one. */
export async function freePort(): Promise<number | null> {
  if (numServers === maxServers || nativeAddon('calm_collective') === undefined) return null;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface ClusterSession extends GraphSession {
  /** As `run`, which may wait for peers, beside Node's thread; fails when the session is closed. */
  begin(feeds: readonly Feed[], fetches: readonly string[]): Promise<Float32Array[]>;
}

/** This process as a member of a cluster of servers. */
export interface Cluster {
  readonly rank: number;
  /** A power of two. */
  readonly size: number;
  /** Sessions share their variables, which outlive them. */
  openSession(dir: string): ClusterSession;
  /** Takes no connections any more. */
  leave(): void;
}

/** `ports`: of the members' servers, by rank. @throws Error where the own cannot be had any more */
export function joinCluster(ports: readonly number[], rank: number): Cluster {
  const native = nativeAddon('calm_collective') as NativeCollective;
  // gRPC would ask a proxy for this host, too.
  process.env.no_grpc_proxy ??= ['127.0.0.1', process.env.no_proxy ?? []].flat().join(',');
  const { config, server } = definitions(ports, rank);
  numServers++;
  const target = native.serve(server, ports[rank]!);
  return {
    rank,
    size: ports.length,
    openSession: (dir) => {
      const session = native.openSession(dir, target, config);
      const run = <Waits extends boolean>(feeds: readonly Feed[], fetches: readonly string[], waits: Waits) =>
        native.runSession(
          session,
          feeds.map(({ node }) => node),
          feeds.map(({ values }) => values),
          feeds.map(({ shape }) => shape),
          fetches,
          waits,
        );
      return {
        run: (feeds, fetches) => run(feeds, fetches, false).map(asFloats),
        begin: async (feeds, fetches) => (await run(feeds, fetches, true)).map(asFloats),
        close: () => native.closeSession(session),
      };
    },
    leave: () => native.retire(ports[rank]!),
  };
}

/** A field of a protobuf message. */
function field(number: number, value: number | string | Uint8Array): Uint8Array {
  if (typeof value === 'number') return Uint8Array.from([...varint(8 * number), ...varint(value)]);
  const bytes = Buffer.from(value);
  return Buffer.concat([Uint8Array.from([...varint(8 * number + 2), ...varint(bytes.length)]), bytes]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

const message = (...fields: readonly Uint8Array[]): Uint8Array => Buffer.concat(fields);

/** A ConfigProto and a ServerDef (tensorflow/core/protobuf/config.proto and tensorflow_server.proto). */
function definitions(
  ports: readonly number[],
  rank: number,
): { readonly config: Uint8Array; readonly server: Uint8Array } {
  const task = (of: number): string => `/job:worker/replica:0/task:${of}`;
  const experimental = message(field(1, task(0)), ...(usesGpu ? [field(7, 1)] : []));
  // Devices that a session sees, soft placement, and experimental: the leader of the collectives, NCCL.
  const config = message(field(4, task(rank)), field(7, 1), field(16, experimental));
  const tasks = ports.map((port, of) => field(2, message(field(1, of), field(2, `127.0.0.1:${port}`))));
  const cluster = field(1, message(field(1, 'worker'), ...tasks));
  const server = message(field(1, cluster), field(2, 'worker'), field(3, rank), field(4, config), field(5, 'grpc'));
  return { config, server };
}
