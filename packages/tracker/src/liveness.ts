// Whether the coordinator of a run still works. Where its process can be looked at, that tells: the clock may jump, and a
// process that was stopped may go on. On another host, or in another PID namespace of this one, only its heartbeat is
// known, written every few seconds. A coordinator taken for dead whose clock was wrong does no harm: it finds out before
// it writes (holding.ts).
import { eq } from 'drizzle-orm';
import type { Store } from './database/database.ts';
import { runs } from './database/schema.ts';

/** A coordinator elsewhere that has not been heard of for so long is gone; its workers have given up by then as well. */
export const heartbeatTimeoutMs = 60_000;

type Heard = Pick<
  typeof runs.$inferSelect,
  'heartbeatMs' | 'host' | 'place' | 'pid' | 'pidStarted' | 'status' | 'session'
>;

/** Whether its processes can be looked at from here. Runs recorded before places were told apart have their host only. */
export function isHere({ host, place }: Store, row: Pick<Heard, 'host' | 'place'>): boolean {
  return row.host === host && (row.place === null || row.place === place);
}

export function isLive(store: Store, row: Heard): boolean {
  if (row.status !== 'running') return false;
  // A clock set back does not make a living process dead.
  const heard = store.clock() - row.heartbeatMs < heartbeatTimeoutMs;
  if (!isHere(store, row)) return heard;
  const started = store.processStart(row.pid);
  // Runs recorded before processes were told apart have their heartbeat only.
  return row.pidStarted === null ? heard && started !== null : started === row.pidStarted;
}

export function isLiveRun(store: Store, runId: string): boolean {
  const row = store.db.select().from(runs).where(eq(runs.id, runId)).get();
  return row !== undefined && isLive(store, row);
}
