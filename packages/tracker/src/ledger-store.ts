// The ledger of training: which attempt at which worker computed which shards of which steps, and whether that is in the
// final weights. Rows are ranges of steps under one roster: a stage of a thousand steps has a handful of them.
import { and, eq, max } from 'drizzle-orm';
import type { AppliedSteps } from '@calm-orch/core';
import { transaction, type Store } from './database.ts';
import { appliedSteps, rosters } from './schema.ts';

export interface RosterMember {
  readonly firstShard: number;
  readonly endShard: number;
  readonly attempt: number;
  readonly worker: string;
  /** Where the other members reach it. */
  readonly address?: string | null;
}

export interface LedgerRow extends Omit<RosterMember, 'address'> {
  readonly stageKey: string;
  readonly firstStep: number;
  readonly endStep: number;
  readonly outcome: 'applied' | 'superseded';
}

/** 0 before the first roster of a stage. */
export function lastGeneration({ db }: Store, stageKey: string): number {
  const found = db
    .select({ last: max(rosters.generation) })
    .from(rosters)
    .where(eq(rosters.stageKey, stageKey))
    .get();
  return found?.last ?? 0;
}

/** Members by rank; none before the first roster of a stage. */
export function lastRoster(store: Store, stageKey: string): readonly Required<RosterMember>[] {
  const { firstShard, endShard, attempt, worker, address } = rosters;
  return store.db
    .select({ firstShard, endShard, attempt, worker, address })
    .from(rosters)
    .where(and(eq(rosters.stageKey, stageKey), eq(rosters.generation, lastGeneration(store, stageKey))))
    .orderBy(rosters.rank)
    .all();
}

export function recordRoster(
  store: Store,
  stageKey: string,
  generation: number,
  members: readonly RosterMember[],
): void {
  transaction(store, () => {
    members.forEach((member, rank) =>
      store.db
        .insert(rosters)
        .values({ stageKey, generation, rank, ...member })
        .run(),
    );
  });
}

/**
 * Records steps that are in somebody's weights. A step counts once: under the newest roster that computed it. Steps of
 * older rosters from there on were computed on weights nobody went on with: they are superseded. All members report the
 * same ranges, some late, so that what is known already changes nothing.
 */
export function recordApplied(store: Store, stageKey: string, ranges: readonly AppliedSteps[]): void {
  transaction(store, () => {
    for (const range of ranges) recordRange(store, stageKey, range);
  });
}

function recordRange(store: Store, stageKey: string, { generation, firstStep, endStep }: AppliedSteps): void {
  const known = appliedOf(store, stageKey);
  const next = Math.min(...known.filter((row) => row.generation > generation).map((row) => row.firstStep));
  const same = known.find((row) => row.generation === generation);
  const first = same === undefined ? firstStep : Math.min(same.firstStep, firstStep);
  const end = Math.min(next, Math.max(same?.endStep ?? 0, endStep));
  if (end <= first || (same !== undefined && same.firstStep === first && same.endStep === end)) return;
  for (const row of known) {
    if (row.generation > generation || row.endStep <= first) continue;
    remove(store, stageKey, row);
    if (row.generation === generation) continue;
    if (row.firstStep < first) insert(store, stageKey, { ...row, endStep: first }, 'applied');
    insert(store, stageKey, { ...row, firstStep: Math.max(row.firstStep, first) }, 'superseded');
  }
  insert(store, stageKey, { generation, firstStep: first, endStep: end }, 'applied');
}

function appliedOf({ db }: Store, stageKey: string): AppliedSteps[] {
  const { generation, firstStep, endStep } = appliedSteps;
  return db
    .select({ generation, firstStep, endStep })
    .from(appliedSteps)
    .where(and(eq(appliedSteps.stageKey, stageKey), eq(appliedSteps.outcome, 'applied')))
    .orderBy(firstStep)
    .all();
}

function remove({ db }: Store, stageKey: string, { generation, firstStep }: AppliedSteps): void {
  db.delete(appliedSteps)
    .where(
      and(
        eq(appliedSteps.stageKey, stageKey),
        eq(appliedSteps.outcome, 'applied'),
        eq(appliedSteps.generation, generation),
        eq(appliedSteps.firstStep, firstStep),
      ),
    )
    .run();
}

function insert({ db }: Store, stageKey: string, range: AppliedSteps, outcome: LedgerRow['outcome']): void {
  db.insert(appliedSteps)
    .values({ stageKey, ...range, outcome })
    .onConflictDoUpdate({
      target: [appliedSteps.stageKey, appliedSteps.outcome, appliedSteps.firstStep, appliedSteps.generation],
      set: { endStep: range.endStep },
    })
    .run();
}

/** When a stage that had succeeded is made again. */
export function forgetLedger({ db }: Store, stageKey: string): void {
  db.delete(appliedSteps).where(eq(appliedSteps.stageKey, stageKey)).run();
  db.delete(rosters).where(eq(rosters.stageKey, stageKey)).run();
}

/** In order of steps, then shards. */
export function listLedger({ db }: Store, stageKey: string): LedgerRow[] {
  return db
    .select({
      stageKey: appliedSteps.stageKey,
      firstStep: appliedSteps.firstStep,
      endStep: appliedSteps.endStep,
      firstShard: rosters.firstShard,
      endShard: rosters.endShard,
      attempt: rosters.attempt,
      worker: rosters.worker,
      outcome: appliedSteps.outcome,
    })
    .from(appliedSteps)
    .innerJoin(
      rosters,
      and(eq(rosters.stageKey, appliedSteps.stageKey), eq(rosters.generation, appliedSteps.generation)),
    )
    .where(eq(appliedSteps.stageKey, stageKey))
    .orderBy(appliedSteps.firstStep, rosters.firstShard)
    .all();
}
