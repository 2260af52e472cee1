// Whether the coordinator of a run still works: it writes its heartbeat every few seconds, and its process lives.
import { eq } from 'drizzle-orm';
import type { Store } from './database.ts';
import { runs } from './schema.ts';

/** A coordinator that has not been heard of for so long is gone, whatever its pid says (it may have been reused). */
const heartbeatTimeoutMs = 60_000;

type Heard = Pick<typeof runs.$inferSelect, 'heartbeatMs' | 'host' | 'pid' | 'status'>;

export function isLive({ clock, host, isAlive }: Store, row: Heard): boolean {
  // A clock set back does not make a living process dead.
  const heard = clock() - row.heartbeatMs < heartbeatTimeoutMs;
  return row.status === 'running' && heard && (row.host !== host || isAlive(row.pid));
}

export function isLiveRun(store: Store, runId: string): boolean {
  const row = store.db.select().from(runs).where(eq(runs.id, runId)).get();
  return row !== undefined && isLive(store, row);
}
