// What a free worker could do now: the next item of the schedule that it may compute, else a stage that others train
// already; and who is to leave a gang for a stage that is ready. Looks at stages and leases and changes neither.
import { stageToJoin, leaseToRelease } from '../gangs/gang.ts';
import { fits } from './engines.ts';
import type { LeaseBook } from './lease-book.ts';
import type { CoordinatorOptions, LeaseRecord, WorkerRecord } from './records.ts';
import { inTurn, nextItem } from './schedule.ts';
import type { StageRecord } from './stage-progress.ts';

export interface Offer {
  readonly key: string;
  readonly item: number;
}

export interface Offers {
  /** null: nothing now. */
  next(worker: WorkerRecord): Offer | null;
  /** Something has changed: what there was nothing for may have something now. */
  lookAgain(): void;
  /** While a stage is ready and all trainers that could take it are busy: the last of the largest gang. */
  toRelease(): LeaseRecord | null;
}

export interface OfferSources {
  readonly stages: readonly StageRecord[];
  readonly book: LeaseBook;
  /** Stages whose artifacts are being written. */
  readonly underWay: Pick<ReadonlySet<StageRecord>, 'has' | 'size'>;
}

/** What a trainer could join changes with time alone, too. */
const believedMs = 100;

export function createOffers(
  { policy, now }: Pick<CoordinatorOptions, 'policy' | 'now'>,
  { stages, book, underWay }: OfferSources,
): Offers {
  const turns = inTurn(stages);
  const scheduled = (worker: WorkerRecord): Offer | null =>
    nextItem(worker.role, turns, (stage) => fits(worker, stage));
  /** What there is for a worker once artifacts being written are there. */
  const scheduledSoon = (worker: WorkerRecord): Offer | null =>
    nextItem(
      worker.role,
      turns,
      (stage) => fits(worker, stage),
      (stage) => stage.state === 'succeeded' || underWay.has(stage),
    );
  /** Whether artifacts being written make a stage ready that goes before those that are: seconds to wait, not a training. */
  const isBetterSoon = (worker: WorkerRecord): boolean => {
    if (underWay.size === 0) return false;
    const next = scheduledSoon(worker);
    return next !== null && next.key !== scheduled(worker)?.key;
  };
  /**
   * Whether nobody else computes on the worker's GPU. When a trainer there is done with an item, or has left a gang, an
   * evaluation goes first. No gang is made smaller for one: its trainers have the same number of shards each.
   */
  const mayCompute = (worker: WorkerRecord): boolean =>
    worker.gpu === null ||
    book.workers
      .filter((other) => other !== worker && other.gpu === worker.gpu)
      .every(
        (other) =>
          other.asks && !(worker.role === 'trainer' && other.role === 'evaluator' && scheduledSoon(other) !== null),
      );
  const toJoin = (worker: WorkerRecord): Offer | null => {
    if (worker.role !== 'trainer') return null;
    const own = stages.filter((stage) => fits(worker, stage));
    const stage = stageToJoin(own, book.leases, policy, now());
    return stage === null ? null : { key: stage.key, item: 0 };
  };
  const look = (worker: WorkerRecord): Offer | null =>
    isBetterSoon(worker) || !mayCompute(worker) ? null : (scheduled(worker) ?? toJoin(worker));
  /** Kinds of workers there was nothing for, and until when that is believed: thousands may wait for the same. */
  const nothing = new Map<string, number>();
  return {
    next: (worker) => {
      const kind = `${worker.role} ${worker.ownFolder} ${worker.gpu} ${worker.engine}`;
      if ((nothing.get(kind) ?? -Infinity) > now()) return null;
      const offer = look(worker);
      if (offer === null) nothing.set(kind, now() + believedMs);
      return offer;
    },
    lookAgain: () => nothing.clear(),
    toRelease: () => {
      const lease = leaseToRelease(book.shared);
      if (lease === null || scheduled(lease.worker) === null) return null;
      const idle = book.workers.filter((worker) => worker.role === 'trainer' && worker.lease === null);
      return idle.some((worker) => mayCompute(worker) && scheduled(worker) !== null) ? null : lease;
    },
  };
}
