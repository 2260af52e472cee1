// Cuts all connections that this process has accepted, without a word to the other side, as a broken network does.
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

export function cutConnectionsOn(signal: NodeJS.Signals): void {
  const accepted = new Set<Socket>();
  subscribe('net.server.socket', (message) => {
    const { socket } = message as { readonly socket: Socket };
    accepted.add(socket);
    socket.once('close', () => accepted.delete(socket));
  });
  process.on(signal, () => {
    for (const socket of accepted) socket.destroy();
  });
}
