// A port or socket of ours behind which HTTP/2 serves. Where hosts that nobody has vouched for may connect there are so many
// connections at once and no more; any of them can be cut, also one whose host is gone.
import { createServer, type ListenOptions, type Socket } from 'node:net';

export interface ConnectionLimits {
  readonly inAll: number;
  readonly ofHost: number;
}

/** Off this machine: one host cannot take the place of all others. A worker has two or three. */
export const hostLimits: ConnectionLimits = { inAll: 2048, ofHost: 256 };
/** Of a TLS handshake. */
export const handshakeTimeoutMs = 10_000;

export interface OpenDoor {
  readonly port: number;
  /** Cuts all connections. */
  cut(): void;
  /** New ones are refused. Settled once those there are have ended. */
  shut(): Promise<void>;
}

/** @param address `unix:/path` or `host:port`, port 0: any free one */
export function openDoor(
  address: string,
  onConnection: (socket: Socket) => void,
  limits: ConnectionLimits = { inAll: Infinity, ofHost: Infinity },
): Promise<OpenDoor> {
  const sockets = new Set<Socket>();
  const ofHost = new Map<string, number>();
  const door = createServer({ noDelay: true }, (socket) => {
    // A session hears of errors once there is one.
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
    onConnection(socket);
  });
  return new Promise((resolve, reject) => {
    door.once('error', reject);
    door.listen(placeOf(address), () => {
      const bound = door.address();
      resolve({
        port: typeof bound === 'object' ? bound!.port : 0,
        cut: () => {
          for (const socket of sockets) socket.destroy();
        },
        shut: () => new Promise((resolve) => void door.close(() => resolve())),
      });
    });
  });
}

function placeOf(address: string): ListenOptions {
  if (address.startsWith('unix:')) return { path: address.slice('unix:'.length) };
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}
