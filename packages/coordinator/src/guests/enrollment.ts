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
  const patience = createPatience();
  return {
    authorities: () => Promise.resolve({ authorities: authority().roots }),
    enroll: async ({ tokenId: id, secret, role: asked, request }, { peer = '' } = {}) => {
      const role = parseRole(asked);
      patience.check(peer);
      const guest = tracker.redeemJoinToken({ runId, id, secret, role, request, firstIndex });
      if ('refused' in guest) {
        patience.lose(peer);
        throw new CalmError('unauthenticated', `the join token is refused: ${guest.refused}`);
      }
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

const maxRefusals = 20;
const patienceMs = 60_000;

/** With a host that comes with wrong tokens: each refusal is recorded, and so there cannot be any number of them. */
function createPatience() {
  const refusals = new Map<string, number>();
  let sinceMs = performance.now();
  const hostOf = (peer: string): string => peer.replace(/:\d+$/, '');
  return {
    /** @throws CalmError `unauthenticated` */
    check: (peer: string): void => {
      if (performance.now() - sinceMs > patienceMs) {
        refusals.clear();
        sinceMs = performance.now();
      }
      if ((refusals.get(hostOf(peer)) ?? 0) < maxRefusals) return;
      const seconds = patienceMs / 1000;
      throw new CalmError(
        'unauthenticated',
        `${maxRefusals} join tokens from this host were refused within ${seconds} s: no other is looked at before these are over`,
      );
    },
    lose: (peer: string): void => void refusals.set(hostOf(peer), (refusals.get(hostOf(peer)) ?? 0) + 1),
  };
}
