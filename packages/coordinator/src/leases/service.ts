// The gRPC face of the coordinator: checks what comes in, converts it, and calls the coordinator.
import { CalmError } from '@calm-orch/core';
import {
  Directive,
  FailureKind,
  fromFacts,
  fromPoint,
  fromResultMessage,
  parseRole,
  toLease,
  toRoster,
} from '@calm-orch/rpc';
import type { Api, CoordinatorServiceService } from '@calm-orch/rpc';
import type { Coordinator } from './coordinator.ts';
import type { Policy } from './policy.ts';

export const serviceName = 'calm.v1.CoordinatorService';

const directives = { continue: Directive.CONTINUE, stop: Directive.STOP, drop: Directive.DROP } as const;

/** What a worker is told about, and may repeat or ignore; anything else ends the run. */
const callersProblems: ReadonlySet<string> = new Set(['lease_lost', 'invalid_argument', 'busy']);

export function coordinatorService(coordinator: Coordinator, policy: Policy): Api<typeof CoordinatorServiceService> {
  /** An error of the coordinator's own (no space left, a defect) would come again with every call. */
  const orAbandon = async <T>(work: () => T): Promise<Awaited<T>> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CalmError && callersProblems.has(error.code))) coordinator.abandon(error);
      // To a worker that the next coordinator may have: it asks there.
      if (error instanceof CalmError && error.code === 'superseded')
        throw new CalmError('unavailable', error.message, { cause: error });
      throw error;
    }
  };
  return {
    register: async ({ role, index, instance, facts }) => {
      await orAbandon(() => coordinator.register(parseRole(role), index, instance, facts && fromFacts(facts)));
      return { heartbeatIntervalMs: policy.heartbeatIntervalMs, leaseTtlMs: policy.leaseTtlMs };
    },
    lease: async ({ instance, waitMs }, { signal = new AbortController().signal } = {}) => {
      const work = await orAbandon(() => coordinator.lease(instance, waitMs, signal));
      if (work === null) return { lease: undefined, directive: Directive.CONTINUE };
      if (work === 'stop') return { lease: undefined, directive: Directive.STOP };
      return { lease: toLease(work), directive: Directive.CONTINUE };
    },
    heartbeat: async ({ instance, token }) => ({ directive: directives[coordinator.heartbeat(instance, token)] }),
    join: async (
      { token, tensorAddress: address, generation, waitMs },
      { signal = new AbortController().signal } = {},
    ) => {
      const roster = await orAbandon(() => coordinator.join({ token, address, generation }, waitMs, signal));
      return roster === null
        ? { roster: undefined, revoked: [] }
        : { roster: toRoster(roster), revoked: coordinator.turnedOut() };
    },
    report: async ({ token, sequence, points, notes }) => {
      await orAbandon(() => coordinator.report(token, sequence, points.map(fromPoint), notes));
      return {};
    },
    complete: async ({ token, result, instance }) => {
      const next = await orAbandon(() => coordinator.completeAndLease(token, fromResultMessage(result), instance));
      return { next: next === null ? undefined : toLease(next) };
    },
    fail: async ({ token, kind, reason, stack }) => {
      await orAbandon(() => coordinator.fail(token, failureKind(kind), reason, stack || undefined));
      return {};
    },
  };
}

function failureKind(kind: FailureKind): 'raised' | 'lost' | 'cancelled' | 'refused' {
  switch (kind) {
    case FailureKind.RAISED:
      return 'raised';
    case FailureKind.LOST:
      return 'lost';
    case FailureKind.CANCELLED:
      return 'cancelled';
    case FailureKind.REFUSED:
      return 'refused';
    case FailureKind.UNSPECIFIED:
      throw new CalmError('invalid_argument', 'fail: the kind of failure is missing');
  }
}
