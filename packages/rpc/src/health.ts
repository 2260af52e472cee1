// The standard health service: whether the server, or one of its services, serves. Its `Watch` is not implemented, as the
// standard allows.
import { CalmError } from '@calm-orch/core';
import {
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthService,
} from './generated/grpc/health/v1/health.ts';
import type { Api } from './service.ts';

const { check } = HealthService;
export const healthDefinition = { check };

export interface Health {
  readonly handlers: Api<typeof healthDefinition>;
  /** From now on it does not serve. */
  end(): void;
}

/** @param name Of the service that it knows beside '', which stands for the server as a whole. */
export function createHealth(name: string): Health {
  let isServing = true;
  return {
    handlers: {
      check: async ({ service }) => {
        if (service !== '' && service !== name) throw new CalmError('not_found', `no service "${service}"`);
        return { status: isServing ? ServingStatus.SERVING : ServingStatus.NOT_SERVING };
      },
    },
    end: () => (isServing = false),
  };
}
