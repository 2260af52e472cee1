// One worker process from its registration to its end, on the coordinator's host or another.
import type { Role, WorkerFacts } from '@calm-orch/core';
import type { ComputeChild, Identity, WorkerOptions } from '@calm-orch/rpc';

export interface WorkerLife extends Pick<WorkerOptions, 'index' | 'instance' | 'address' | 'takeoverMs'> {
  readonly role: Role;
  readonly facts: WorkerFacts;
  readonly compute: ComputeChild;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

export const logLine = (line: string): void => console.log(`${new Date().toISOString()} ${line}`);

/** Aborted by SIGTERM, and by Ctrl-C where no coordinator of this process decides what that means. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort());
  process.on('SIGINT', () => process.connected || stop.abort());
  return stop.signal;
}

/** Works for the coordinator of another host, which it knows and is known to by certificates. */
export async function workAsGuest(life: WorkerLife, identity: Identity): Promise<void> {
  const { runWorker } = await import('@calm-orch/rpc');
  const { coordinatorCredentials, keepRenewed, guestRenewal } = await import('@calm-orch/rpc/tls');
  let renewConnection: Parameters<NonNullable<WorkerOptions['onConnected']>>[0] = () => {};
  const end = keepRenewed({
    identity,
    ask: guestRenewal(life.address),
    log: life.log,
    onRenewed: (renewed) => {
      renewConnection(coordinatorCredentials(renewed));
      life.compute.renew(renewed);
    },
  });
  try {
    await runWorker({
      ...life,
      credentials: coordinatorCredentials(identity),
      onConnected: (renew) => (renewConnection = renew),
    });
  } finally {
    end();
  }
}
