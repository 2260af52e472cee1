// Every client of ours is made here: peers are processes of this machine.
import { Client, credentials } from '@grpc/grpc-js';

export function openClient(address: string, maxBackoffMs: number): Client {
  return new Client(address, credentials.createInsecure(), {
    // Whatever http_proxy, https_proxy, grpc_proxy and no_proxy say: a proxy does not reach this machine's own ports.
    'grpc.enable_http_proxy': 0,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': maxBackoffMs,
  });
}
