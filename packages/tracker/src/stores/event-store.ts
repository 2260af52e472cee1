// The log of what happened: appended inside the transaction of each state change, never altered.
import { desc, eq } from 'drizzle-orm';
import type { Store } from '../database/database.ts';
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

export function appendEvent({ db, clock }: Store, { message = '', ...event }: NewEvent): void {
  db.insert(events)
    .values({ ...event, message, atMs: clock() })
    .run();
}

export function listEvents({ db }: Store, runId: string, limit = 50): EventRecord[] {
  return db.select().from(events).where(eq(events.runId, runId)).orderBy(desc(events.id)).limit(limit).all().reverse();
}
