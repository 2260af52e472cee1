// Whether the coordinator of a run still works. On this host its process tells: the clock may jump, and a process that
// was stopped may go on. Of a coordinator on another host only its heartbeat is known, written every few seconds.
import { eq } from 'drizzle-orm';
import type { Store } from './database.ts';
import { runs } from './schema.ts';

/** A coordinator on another host that has not been heard of for so long is gone. */
const heartbeatTimeoutMs = 60_000;

type Heard = Pick<typeof runs.$inferSelect, 'heartbeatMs' | 'host' | 'pid' | 'pidStarted' | 'status'>;

export function isLive({ clock, host, processStart }: Store, row: Heard): boolean {
  if (row.status !== 'running') return false;
  // A clock set back does not make a living process dead.
  const heard = clock() - row.heartbeatMs < heartbeatTimeoutMs;
  if (row.host !== host) return heard;
  const started = processStart(row.pid);
  // Runs recorded before processes were told apart have their heartbeat only.
  return row.pidStarted === null ? heard && started !== null : started === row.pidStarted;
}

export function isLiveRun(store: Store, runId: string): boolean {
  const row = store.db.select().from(runs).where(eq(runs.id, runId)).get();
  return row !== undefined && isLive(store, row);
}
