// Join tokens in files of the run folder, one a slot, for workers that a launcher starts where this process cannot hand them
// anything: neither their environment nor a job script, which others may read, holds a credential.
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '@calm-orch/core';
import { formatToken } from '@calm-orch/rpc';
import { openAuthority } from '@calm-orch/rpc/tls';
import type { Tracker } from '@calm-orch/tracker';
import type { Layout } from '../artifacts/layout.ts';
import type { WorkerSlot } from '../launchers/launcher.ts';

export interface JoinFileOptions {
  readonly layout: Layout;
  readonly tracker: Tracker;
  readonly runId: string;
}

/** Who is requeued joins again. */
const maxUses = 10_000;
/** Longer than a queue lets anything wait and run. */
const goodForMs = 60 * 24 * 3_600_000;

/** `address`: where the run's coordinator is now. */
export async function writeJoinFiles(
  { layout, tracker, runId }: JoinFileOptions,
  address: string,
  slots: readonly WorkerSlot[],
): Promise<void> {
  const { fingerprint } = await openAuthority(layout.dir);
  for (const { role, index } of slots) {
    const expiresMs = Date.now() + goodForMs;
    const token = tracker.createJoinToken(runId, { role, maxUses, expiresMs, seat: index });
    const path = layout.joinFile(runId, `${role}-${index}`);
    makeFolder(dirname(path));
    rmSync(`${path}.new`, { force: true });
    writeFileSync(`${path}.new`, formatToken({ fingerprint, address, ...token }), { mode: 0o600, flag: 'wx' });
    renameSync(`${path}.new`, path);
  }
}

/** The run is over: nobody joins with them any more, nor with those of coordinators before. */
export function removeJoinFiles({ layout, tracker, runId }: JoinFileOptions): void {
  tracker.revokeSeats(runId);
  rmSync(dirname(layout.joinFile(runId, 'any')), { recursive: true, force: true });
}
