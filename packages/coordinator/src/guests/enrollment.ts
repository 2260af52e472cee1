// How a worker of another host gets its first certificate, and the next ones.
import { CalmError, type Role } from '@calm-orch/core';
import { parseRole, type Api, type EnrollmentServiceService } from '@calm-orch/rpc';
import type { Authority } from '@calm-orch/rpc/tls';
import type { GuestOptions } from './guests.ts';

export interface EnrollmentOptions extends GuestOptions {
  readonly authority: () => Authority;
  /** A file of the run folder, and what is in it. */
  readonly probe: { readonly path: string; readonly text: string };
}

export function enrollmentService(options: EnrollmentOptions): Api<typeof EnrollmentServiceService> {
  const { tracker, runId, takeoverMs, firstIndex, authority, probe } = options;
  const certify = async (request: string, name: string, role: Role) => ({
    chain: await authority().certify(request, { name, role, run: runId }),
    authorities: authority().authorities,
  });
  return {
    authorities: () => Promise.resolve({ authorities: authority().roots }),
    enroll: async ({ tokenId: id, secret, role: asked, request }) => {
      const role = parseRole(asked);
      const guest = tracker.redeemJoinToken({ runId, id, secret, role, request, firstIndex });
      if ('refused' in guest) throw new CalmError('unauthenticated', `the join token is refused: ${guest.refused}`);
      const { instance, index } = guest;
      const certificate = await certify(request, instance, role);
      return { ...certificate, instance, index, takeoverMs, probePath: probe.path, probe: probe.text };
    },
    renew: async ({ request, instance, role }, { caller } = {}) => {
      const known = caller?.certified?.subject;
      return certify(request, known?.name ?? instance, parseRole(known?.role ?? role));
    },
  };
}

const closed = (): Promise<never> =>
  Promise.reject(
    new CalmError('unavailable', 'this run has no workers on other hosts: it was not started with --listen HOST:PORT'),
  );

/** Of a run that is at work on its own host alone. */
export const closedEnrollment: Api<typeof EnrollmentServiceService> = {
  authorities: closed,
  enroll: closed,
  renew: closed,
};
