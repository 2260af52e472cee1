// The ledger of training: which attempt at which worker computed which shards of which steps, with which samples, and
// whether that is in the final weights. Every attempt tells the lineage of its weights, which is kept as it is told: what
// the attempt told that finished the stage is in the weights, everything else was given up. Rows are ranges of steps under
// one roster: a stage of a thousand steps has a handful of them.
import { and, desc, eq, max } from 'drizzle-orm';
import { CalmError, type AppliedSteps, type SampleList } from '@calm-orch/core';
import { transaction, type Store } from '../database/database.ts';
import { appliedSteps, rosters, stateLinks, toldSteps } from '../database/schema.ts';

/** Steps of one report. */
export interface Told {
  readonly applied: readonly AppliedSteps[];
  /** Present: they begin with step 0 again, and draw their samples from these. */
  readonly anew?: readonly SampleList[];
}

/** How the weights of a stage came about. */
export interface ToldLineage {
  /** Which told it. */
  readonly attempt: number;
  readonly lists: readonly SampleList[];
  /** In the order they were computed. */
  readonly applied: readonly AppliedSteps[];
}

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
  const atMs = store.clock();
  transaction(store, () => {
    members.forEach((member, rank) =>
      store.db
        .insert(rosters)
        .values({ stageKey, generation, rank, atMs, ...member })
        .run(),
    );
  });
}

/** Who trained a stage together, from `atMs` on; null: recorded by an earlier version. */
export interface RosterRecord {
  readonly generation: number;
  readonly atMs: number | null;
  /** By rank. */
  readonly members: readonly Omit<RosterMember, 'address'>[];
}

/** In order of their generation. */
export function listRosters({ db }: Store, stageKey: string): RosterRecord[] {
  const rows = db
    .select()
    .from(rosters)
    .where(eq(rosters.stageKey, stageKey))
    .orderBy(rosters.generation, rosters.rank)
    .all();
  return [...new Set(rows.map(({ generation }) => generation))].map((generation) => {
    const own = rows.filter((row) => row.generation === generation);
    return {
      generation,
      atMs: own[0]!.atMs,
      members: own.map(({ firstShard, endShard, attempt, worker }) => ({ firstShard, endShard, attempt, worker })),
    };
  });
}

/**
 * Keeps what an attempt's report of this number tells; the same report again changes nothing. @throws CalmError
 * `invalid_argument`, and nothing is kept, where steps do not go on where those before have ended.
 */
export function recordApplied(
  store: Store,
  stageKey: string,
  { attempt, sequence }: { readonly attempt: number; readonly sequence: number },
  told: readonly Told[],
): void {
  transaction(store, () => {
    const mine = and(eq(toldSteps.stageKey, stageKey), eq(toldSteps.attempt, attempt));
    const last = store.db
      .select()
      .from(toldSteps)
      .where(mine)
      .orderBy(desc(toldSteps.telling), desc(toldSteps.position))
      .limit(1)
      .get();
    if (last !== undefined && last.sequence >= sequence) return;
    let before = last;
    for (const { applied, anew } of told)
      for (const [i, range] of applied.entries())
        before = append(store, { stageKey, attempt, sequence }, before, range, i === 0 ? anew : undefined);
  });
}

type ToldRow = typeof toldSteps.$inferSelect;

function append(
  { db }: Store,
  head: Pick<ToldRow, 'stageKey' | 'attempt' | 'sequence'>,
  before: ToldRow | undefined,
  { generation, firstStep, endStep, samples }: AppliedSteps,
  anew: readonly SampleList[] | undefined,
): ToldRow {
  const { stageKey, attempt } = head;
  const where = `stage ${stageKey.slice(0, 8)}, attempt ${attempt}`;
  const expected = anew !== undefined ? 0 : before?.endStep;
  if (expected === undefined)
    throw new CalmError(
      'invalid_argument',
      `${where}: the first report of steps does not tell them from the beginning`,
    );
  if (firstStep !== expected) {
    const what =
      firstStep > expected
        ? `${steps(expected, firstStep)} ${firstStep - expected === 1 ? 'is' : 'are'} missing`
        : `step ${firstStep} is there again`;
    throw new CalmError(
      'invalid_argument',
      `${where}: reported ${steps(firstStep, endStep)} where step ${expected} was next: ${what}`,
    );
  }
  if (endStep <= firstStep || samples.length !== endStep - firstStep)
    throw new CalmError(
      'invalid_argument',
      `${where}: reported steps ${firstStep} to ${endStep} with ${samples.length} digests of samples`,
    );
  const digests = Buffer.from(Uint32Array.from(samples).buffer);
  if (anew === undefined && before?.generation === generation) {
    const joined = { ...before, ...head, endStep, samples: Buffer.concat([before.samples, digests]) };
    db.update(toldSteps)
      .set(joined)
      .where(
        and(
          ...[eq(toldSteps.stageKey, stageKey), eq(toldSteps.attempt, attempt)],
          ...[eq(toldSteps.telling, before.telling), eq(toldSteps.position, before.position)],
        ),
      )
      .run();
    return joined;
  }
  const row: ToldRow = {
    ...head,
    ...(anew === undefined
      ? { telling: before!.telling, position: before!.position + 1, lists: before!.lists }
      : { telling: (before?.telling ?? 0) + 1, position: 0, lists: JSON.stringify(anew) }),
    generation,
    firstStep,
    endStep,
    samples: digests,
  };
  db.insert(toldSteps).values(row).run();
  return row;
}

const steps = (first: number, end: number): string =>
  end - first === 1 ? `step ${first}` : `steps ${first} to ${end - 1}`;

/** Null where nothing was told: not trained, or by an earlier version. */
export function findLineage({ sqlite }: Store, stageKey: string): ToldLineage | null {
  const rows = sqlite
    .prepare(
      `SELECT attempt, lists, generation, first_step AS firstStep, end_step AS endStep, samples
       FROM lineages WHERE stage_key = ? ORDER BY position`,
    )
    .all(stageKey) as Pick<ToldRow, 'attempt' | 'lists' | 'generation' | 'firstStep' | 'endStep' | 'samples'>[];
  const lists = JSON.parse(rows[0]?.lists ?? '[]') as (SampleList & { readonly everySteps?: number })[];
  // Earlier versions dealt the steps of several lists in another way.
  if (rows.length === 0 || lists.some(({ everySteps = 0 }) => everySteps > 0)) return null;
  return {
    attempt: rows[0]!.attempt,
    lists: lists.map(({ name, numSamples, share = 1 }) => ({ name, numSamples, share })),
    applied: rows.map(({ generation, firstStep, endStep, samples }) => ({
      generation,
      firstStep,
      endStep,
      samples: Array.from({ length: samples.length / 4 }, (_, i) => samples.readUInt32LE(4 * i)),
    })),
  };
}

/** When a stage that had succeeded is made again. */
export function forgetLedger({ db }: Store, stageKey: string): void {
  db.delete(toldSteps).where(eq(toldSteps.stageKey, stageKey)).run();
  db.delete(stateLinks).where(eq(stateLinks.stageKey, stageKey)).run();
  db.delete(appliedSteps).where(eq(appliedSteps.stageKey, stageKey)).run();
  db.delete(rosters).where(eq(rosters.stageKey, stageKey)).run();
}

/** In order of steps, then shards. */
export function listLedger({ sqlite }: Store, stageKey: string): LedgerRow[] {
  return sqlite
    .prepare(
      `SELECT stage_key AS stageKey, first_step AS firstStep, end_step AS endStep, first_shard AS firstShard,
         end_shard AS endShard, attempt, worker, outcome
       FROM ledger WHERE stage_key = ? ORDER BY first_step, first_shard`,
    )
    .all(stageKey) as LedgerRow[];
}
