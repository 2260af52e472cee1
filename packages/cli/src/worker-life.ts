// One worker process from its registration to its end, on the coordinator's host or another.
import type { Role, WorkerFacts } from '@calm-orch/core';
import type { ComputeChild, Identity, WorkerOptions } from '@calm-orch/rpc';

export interface WorkerLife extends Pick<WorkerOptions, 'index' | 'instance' | 'address' | 'takeoverMs'> {
  readonly role: Role;
  readonly facts: WorkerFacts;
  readonly compute: ComputeChild;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  /** Of a worker that does not see the run folder. @default it sees it */
  readonly ownFolder?: { readonly dir: string; readonly maxBytes: number };
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
  const { ArtifactServiceService, connect, openOwnFolder, runWorker } = await import('@calm-orch/rpc');
  const { coordinatorCredentials, keepRenewed, guestRenewal } = await import('@calm-orch/rpc/tls');
  let renewConnection: Parameters<NonNullable<WorkerOptions['onConnected']>>[0] = () => {};
  // Of its own: heartbeats do not wait behind files.
  const { ownFolder } = life;
  const connection =
    ownFolder &&
    connect(ArtifactServiceService, {
      address: life.address,
      credentials: coordinatorCredentials(identity),
      retryForMs: life.takeoverMs,
    });
  const files = connection && openOwnFolder({ ...ownFolder, api: connection.api });
  const end = keepRenewed({
    identity,
    ask: guestRenewal(life.address),
    log: life.log,
    onRenewed: (renewed) => {
      renewConnection(coordinatorCredentials(renewed));
      connection?.renew(coordinatorCredentials(renewed));
      life.compute.renew(renewed);
    },
  });
  try {
    await runWorker({
      ...life,
      ...(files && { files }),
      credentials: coordinatorCredentials(identity),
      onConnected: (renew) => (renewConnection = renew),
    });
  } finally {
    end();
    files?.close();
    connection?.close();
  }
}
