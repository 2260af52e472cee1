// Every client of ours is made here.
import { Client, credentials, type ChannelCredentials } from '@grpc/grpc-js';

/** Long enough for a connection to be made. */
const lingerMs = 10_000;

/** For a client that another takes the place of: calls it has begun go on, also those that wait for its connection. */
export function retire(client: Client): void {
  setTimeout(() => client.close(), lingerMs).unref();
}

/** What may be under way to this process, of a call and of a connection: 100 ms at a gigabit a second. */
const windowBytes = 16 << 20;

/** @param tls null: plain text, to processes of this machine. */
export function openClient(address: string, maxBackoffMs: number, tls: ChannelCredentials | null = null): Client {
  return new Client(address, tls ?? credentials.createInsecure(), {
    // Whatever http_proxy, https_proxy, grpc_proxy and no_proxy say: peers are of this machine or this cluster.
    'grpc.enable_http_proxy': 0,
    // 64 KiB else, and a wait for the peer after each.
    'grpc-node.flow_control_window': windowBytes,
    // Who the peer is its certificate says; addresses would be no names anyway.
    ...(tls !== null && { 'grpc.ssl_target_name_override': 'calm-orch.internal' }),
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': maxBackoffMs,
  });
}
