// The chain of digests of each stage's training: every link hashes the one before it, so that none can be changed, left out
// or put between without changing all after it.
import { and, asc, desc, eq } from 'drizzle-orm';
import { CalmError, sha256, type StateDigest } from '@calm-orch/core';
import { transaction, type Store } from '../database/database.ts';
import { stateLinks } from '../database/schema.ts';

export interface StateLink extends StateDigest {
  /** 0, 1, ... of the stage. */
  readonly position: number;
  /** 64 hex digits. */
  readonly link: string;
  /** That told it first. */
  readonly attempt: number;
}

/** Before the first link of a stage. */
export const noLink = '0'.repeat(64);

/** 64 hex digits. */
export const linkAfter = (before: string, stageKey: string, { step, digest }: StateDigest): string =>
  sha256(`${before} ${stageKey} ${step} ${digest}`);

/** Appends what the stage's chain does not have yet. @throws CalmError `invalid_argument` where something is no digest. */
export function recordDigests(store: Store, stageKey: string, attempt: number, digests: readonly StateDigest[]): void {
  transaction(store, () => {
    const ofStage = eq(stateLinks.stageKey, stageKey);
    for (const { step, digest } of digests) {
      if (!/^[0-9a-f]{32}$/.test(digest))
        throw new CalmError('invalid_argument', `stage ${stageKey.slice(0, 8)}: "${digest}" is no digest of a state`);
      const same = and(ofStage, eq(stateLinks.step, step), eq(stateLinks.digest, digest));
      if (store.db.select().from(stateLinks).where(same).get() !== undefined) continue;
      const last = store.db.select().from(stateLinks).where(ofStage).orderBy(desc(stateLinks.position)).limit(1).get();
      const link = linkAfter(last?.link ?? noLink, stageKey, { step, digest });
      const position = last === undefined ? 0 : last.position + 1;
      store.db.insert(stateLinks).values({ stageKey, position, step, digest, link, attempt }).run();
    }
  });
}

/** In order of position. */
export const listStateLinks = ({ db }: Store, stageKey: string): StateLink[] =>
  db
    .select({
      position: stateLinks.position,
      step: stateLinks.step,
      digest: stateLinks.digest,
      link: stateLinks.link,
      attempt: stateLinks.attempt,
    })
    .from(stateLinks)
    .where(eq(stateLinks.stageKey, stageKey))
    .orderBy(asc(stateLinks.position))
    .all();
