// Workers of other hosts: the tokens they join with, and who has joined by which. A revoked token turns out all who have.
import { randomBytes } from 'node:crypto';
import { and, count, desc, eq, isNotNull, isNull, max } from 'drizzle-orm';
import { CalmError, sha256, type Role } from '@calm-orch/core';
import { prepared, transaction, type Store } from '../database/database.ts';
import { guests, joinTokens } from '../database/schema.ts';
import { appendEvent } from './event-store.ts';

export interface NewJoinToken {
  /** null: any. */
  readonly role: Role | null;
  /** How many workers may join with it. */
  readonly maxUses: number;
  readonly expiresMs: number;
  /** The one place, 0-based among the workers of the role, of all who join with it, one after another. @default any */
  readonly seat?: number;
}

export interface JoinTokenRecord extends Omit<NewJoinToken, 'seat'> {
  /** What it is listed and revoked by. */
  readonly id: string;
  readonly runId: string;
  readonly numUses: number;
  readonly createdMs: number;
  readonly revokedMs: number | null;
  readonly seat: number | null;
}

/** The secret is known to nobody else afterwards. */
export function createJoinToken(
  store: Store,
  runId: string,
  token: NewJoinToken,
): { readonly id: string; readonly secret: string } {
  const [id, secret] = [randomBytes(4).toString('hex'), randomBytes(32).toString('hex')];
  const row = { ...token, id, runId, secretHash: sha256(secret), createdMs: store.clock() };
  transaction(store, () => {
    store.db.insert(joinTokens).values(row).run();
    // Those of seats come and go by themselves, with a run's workers.
    if (token.seat === undefined) appendEvent(store, { runId, type: 'note', message: `join token ${id} created` });
  });
  return { id, secret };
}

/** Newest first. */
export function listJoinTokens({ db }: Store, runId?: string): JoinTokenRecord[] {
  const numUses = count(guests.instance);
  return db
    .select({ token: joinTokens, numUses })
    .from(joinTokens)
    .leftJoin(guests, eq(guests.tokenId, joinTokens.id))
    .where(runId === undefined ? undefined : eq(joinTokens.runId, runId))
    .groupBy(joinTokens.id)
    .orderBy(desc(joinTokens.createdMs), joinTokens.id)
    .all()
    .map(({ token: { secretHash: _, ...token }, numUses: uses }) => ({ ...token, numUses: uses }));
}

/** Again: nothing changes. @throws CalmError `not_found` */
export function revokeJoinToken(store: Store, id: string): void {
  transaction(store, () => {
    const token = store.db.select().from(joinTokens).where(eq(joinTokens.id, id)).get();
    if (token === undefined)
      throw new CalmError('not_found', `no join token ${id}: \`calm-orch token list\` lists all`);
    if (token.revokedMs !== null) return;
    store.db.update(joinTokens).set({ revokedMs: store.clock() }).where(eq(joinTokens.id, id)).run();
    appendEvent(store, { runId: token.runId, type: 'note', message: `join token ${id} revoked` });
  });
}

/** All that are for one place of the run, also those that an earlier coordinator has made. */
export function revokeSeats({ db, clock }: Store, runId: string): void {
  const open = and(eq(joinTokens.runId, runId), isNotNull(joinTokens.seat), isNull(joinTokens.revokedMs));
  db.update(joinTokens).set({ revokedMs: clock() }).where(open).run();
}

export interface Redemption {
  readonly runId: string;
  readonly id: string;
  readonly secret: string;
  readonly role: Role;
  /** The bearer's certificate request: the same again is the same guest, and no further use. */
  readonly request: string;
  /** Places of the role below it are taken by workers of the coordinator's own. */
  readonly firstIndex: number;
}

export interface Guest {
  /** Its name as a worker. */
  readonly instance: string;
  readonly index: number;
}

/** A refusal is recorded among the run's events, and returned in words: an error would undo what is recorded. */
export function redeemJoinToken(store: Store, redemption: Redemption): Guest | { readonly refused: string } {
  const { runId, id, role } = redemption;
  const joined = redeem(store, redemption);
  if (typeof joined !== 'string') return joined;
  // What a stranger says is not repeated as it is.
  const shown = /^[0-9a-f]{8}$/.test(id) ? id : 'of no form we give';
  appendEvent(store, { runId, type: 'note', message: `refused ${aRole(role)} with join token ${shown}: ${joined}` });
  return { refused: joined };
}

const aRole = (role: Role): string => (role === 'trainer' ? 'a trainer' : `an ${role}`);

/** The guest, or why not. */
function redeem(store: Store, { runId, id, secret, role, firstIndex, request }: Redemption): Guest | string {
  const { db, clock, newToken } = store;
  const requestHash = sha256(request);
  const ofRun = and(eq(joinTokens.id, id), eq(joinTokens.runId, runId));
  const token = db.select().from(joinTokens).where(ofRun).get();
  if (token?.secretHash !== sha256(secret)) return 'it is not known here';
  if (token.revokedMs !== null) return 'it was revoked';
  const sameRequest = and(eq(guests.tokenId, id), eq(guests.requestHash, requestHash));
  const known = db.select().from(guests).where(sameRequest).get();
  if (known !== undefined) return { instance: known.instance, index: known.position };
  if (token.expiresMs <= clock()) return 'it has expired';
  if (token.role !== null && token.role !== role) return `it is for ${aRole(token.role)}, not for ${aRole(role)}`;
  const { uses } = db.select({ uses: count() }).from(guests).where(eq(guests.tokenId, id)).get()!;
  if (uses >= token.maxUses) return `it was used ${uses === 1 ? 'before' : `${uses} times`}, as often as it may be`;
  const { last } = db
    .select({ last: max(guests.position) })
    .from(guests)
    .innerJoin(joinTokens, eq(joinTokens.id, guests.tokenId))
    .where(and(eq(joinTokens.runId, runId), eq(guests.role, role)))
    .get()!;
  const guest = { instance: newToken(), index: token.seat ?? Math.max(firstIndex, (last ?? -1) + 1) };
  db.insert(guests)
    .values({ instance: guest.instance, tokenId: id, role, position: guest.index, requestHash, joinedMs: clock() })
    .run();
  appendEvent(store, { runId, type: 'note', message: `${role} ${guest.index} joined with token ${id}` });
  return guest;
}

/** Whether the guest may still take part; asked with every call of a guest. */
export function isWelcome(store: Store, runId: string, instance: string): boolean {
  const text =
    'SELECT 1 FROM guests g JOIN join_tokens t ON t.id = g.token_id WHERE g.instance = ? AND t.run_id = ? AND t.revoked_ms IS NULL';
  return prepared(store, text).get(instance, runId) !== undefined;
}

/** Names of workers whose token was revoked. */
export function revokedGuests(store: Store, runId: string): string[] {
  const text =
    'SELECT g.instance FROM guests g JOIN join_tokens t ON t.id = g.token_id WHERE t.run_id = ? AND t.revoked_ms IS NOT NULL';
  return prepared(store, text).pluck().all(runId) as string[];
}

/** The one place its token is for; null: it is for none. */
export function seatOf({ db }: Store, runId: string, instance: string): number | null {
  const [found] = db
    .select({ seat: joinTokens.seat })
    .from(guests)
    .innerJoin(joinTokens, eq(joinTokens.id, guests.tokenId))
    .where(and(eq(guests.instance, instance), eq(joinTokens.runId, runId)))
    .all();
  return found?.seat ?? null;
}
