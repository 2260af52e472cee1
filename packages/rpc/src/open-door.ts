// A port of ours behind which gRPC serves. Where hosts that nobody has vouched for may connect there are so many connections at
// once and no more; any of them can be cut, also one whose host is gone.
import { createServer, type Socket } from 'node:net';
import type { ChannelOptions, Server, ServerCredentials } from '@grpc/grpc-js';

export interface ConnectionLimits {
  readonly inAll: number;
  readonly ofHost: number;
}

/** Off this machine: one host cannot take the place of all others. A worker has two or three. */
export const hostLimits: ConnectionLimits = { inAll: 2048, ofHost: 256 };
/** Of a TLS handshake. */
export const handshakeTimeoutMs = 10_000;

/** Calls on one connection at once, its memory in MB, and how long it may be there without a call. A worker makes five. */
export const serverLimits: ChannelOptions = {
  'grpc.max_concurrent_streams': 32,
  'grpc-node.max_session_memory': 32,
  'grpc.max_connection_idle_ms': 60_000,
  'grpc.max_receive_message_length': 4 << 20,
};

export interface OpenDoor {
  readonly port: number;
  /** Cuts all connections. */
  cut(): void;
  /** New ones are refused. */
  shut(): void;
}

/** @param address `host:port`, port 0: any free one */
export function openDoor(
  server: Server,
  address: string,
  credentials: ServerCredentials,
  limits: ConnectionLimits = { inAll: Infinity, ofHost: Infinity },
): Promise<OpenDoor> {
  const injector = server.createConnectionInjector(credentials);
  const sockets = new Set<Socket>();
  const ofHost = new Map<string, number>();
  const door = createServer({ noDelay: true }, (socket) => {
    // gRPC hears of errors once it has a session.
    socket.on('error', () => socket.destroy());
    const { remoteAddress: host = '' } = socket;
    const number = (ofHost.get(host) ?? 0) + 1;
    if (number > limits.ofHost || sockets.size >= limits.inAll) return void socket.destroy();
    sockets.add(socket);
    ofHost.set(host, number);
    socket.once('close', () => {
      sockets.delete(socket);
      if (ofHost.get(host) === 1) ofHost.delete(host);
      else ofHost.set(host, ofHost.get(host)! - 1);
    });
    injector.injectConnection(socket);
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
  return new Promise((resolve, reject) => {
    door.once('error', reject);
    door.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }, () => {
      const bound = door.address();
      resolve({ port: typeof bound === 'object' ? bound!.port : 0, cut, shut: () => void door.close() });
    });
  });
}
