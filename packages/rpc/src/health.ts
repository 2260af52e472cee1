// The standard health service: state without gRPC, and the two handlers that map it to messages.
import type { handleServerStreamingCall, handleUnaryCall } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import {
  HealthCheckResponse_ServingStatus as ServingStatus,
  type HealthCheckRequest,
  type HealthCheckResponse,
  type HealthServer,
} from './generated/grpc/health/v1/health.ts';

export interface Health {
  /** '' stands for the server as a whole. */
  set(service: string, serving: boolean): void;
  readonly handlers: HealthServer;
}

/** A health service that knows no service until it is told. */
export function createHealth(): Health {
  const states = new Map<string, ServingStatus>();
  const watchers = new Map<string, Set<(state: ServingStatus) => void>>();

  const check: handleUnaryCall<HealthCheckRequest, HealthCheckResponse> = (call, callback) => {
    const state = states.get(call.request.service);
    if (state === undefined) callback({ code: status.NOT_FOUND, details: `no service "${call.request.service}"` });
    else callback(null, { status: state });
  };
  const watch: handleServerStreamingCall<HealthCheckRequest, HealthCheckResponse> = (call) => {
    const { service } = call.request;
    const send = (state: ServingStatus): void => void call.write({ status: state });
    const others = watchers.get(service) ?? new Set();
    watchers.set(service, others.add(send));
    call.on('cancelled', () => {
      others.delete(send);
      call.end();
    });
    send(states.get(service) ?? ServingStatus.SERVICE_UNKNOWN);
  };
  return {
    set: (service, serving) => {
      const state = serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
      if (states.get(service) === state) return;
      states.set(service, state);
      for (const send of watchers.get(service) ?? []) send(state);
    },
    handlers: { check, watch },
  };
}
