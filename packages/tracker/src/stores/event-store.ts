// The log of what happened: appended inside the transaction of each state change, never altered.
import { and, desc, eq, gt, max } from 'drizzle-orm';
import { prepared, type Store } from '../database/database.ts';
import { events } from '../database/schema.ts';
import type { EventRecord, EventType } from '../types.ts';

export interface NewEvent {
  readonly type: EventType;
  readonly runId?: string;
  readonly stageKey?: string;
  readonly item?: number;
  readonly attempt?: number;
  /** @default '' */
  readonly message?: string;
}

export function appendEvent(store: Store, { type, runId, stageKey, item, attempt, message = '' }: NewEvent): void {
  const text =
    'INSERT INTO events (at_ms, run_id, stage_key, item, attempt, type, message) VALUES (?, ?, ?, ?, ?, ?, ?)';
  prepared(store, text).run(store.clock(), runId, stageKey, item, attempt, type, message);
}

export function listEvents({ db }: Store, runId: string, limit = 50): EventRecord[] {
  return db.select().from(events).where(eq(events.runId, runId)).orderBy(desc(events.id)).limit(limit).all().reverse();
}

/** What was noted of a stage, oldest first. */
export function stageNotes({ db }: Store, runId: string, stageKey: string): string[] {
  const ofStage = and(eq(events.runId, runId), eq(events.stageKey, stageKey), eq(events.type, 'note'));
  const found = db.select({ message: events.message }).from(events).where(ofStage).orderBy(events.id).all();
  return found.map(({ message }) => message);
}

/** Id of the newest event of the folder; 0: there is none. Ids only grow, and no event is written before one of a lower id. */
export function lastEvent({ db }: Store): number {
  return (
    db
      .select({ last: max(events.id) })
      .from(events)
      .get()?.last ?? 0
  );
}

/** Another text once a run, a stage or what was imported has changed; what a run has reported is left out. */
export function changesText({ sqlite }: Store): string {
  return sqlite
    .prepare(
      `SELECT (SELECT coalesce(max(id), 0) FROM events) || ' ' || (SELECT count(removed_ms) FROM runs) || ' ' ||
         (SELECT count(*) || ' ' || coalesce(max(created_ms), 0) FROM imports)`,
    )
    .pluck()
    .get() as string;
}

/** Those of a greater id, oldest first, of one run or of all. @param limit At most so many. @default 1000 */
export function eventsAfter(
  { db }: Store,
  cursor: number,
  { runId, limit = 1000 }: { readonly runId?: string; readonly limit?: number } = {},
): EventRecord[] {
  const ofRun = runId === undefined ? undefined : eq(events.runId, runId);
  return db
    .select()
    .from(events)
    .where(and(gt(events.id, cursor), ofRun))
    .orderBy(events.id)
    .limit(limit)
    .all();
}
