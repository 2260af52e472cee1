// A stage is a content-addressed piece of work; a stage function is the code one role runs for one item of it.
// This file is the seam between the coordinator (plans, leases, records) and the roles (compute).
import type { Json } from './order/canonical.ts';
import type { SampleList } from './order/step-order.ts';

export const roles = ['augmentor', 'trainer', 'evaluator'] as const;
/** Whose workers execute a stage. */
export type Role = (typeof roles)[number];
/** Name of a kind: one of the program's definitions (stage-definition.ts), or of another version's. */
export type StageKind = string;
export type Status = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** One planned stage. `key` hashes everything below plus code version and engine. */
export interface StageSpec {
  readonly key: string;
  readonly kind: StageKind;
  /** The slice of the resolved configuration this stage reads; nothing else may influence its result. */
  readonly config: Json;
  /** Input name -> key of the stage whose artifact is read. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Independent pieces of work, leased one by one; training stages have one. */
  readonly numItems: number;
}

/** Optimizer steps whose updates are in the weights, computed under one roster: firstStep .. endStep - 1. */
export interface AppliedSteps {
  readonly generation: number;
  readonly firstStep: number;
  readonly endStep: number;
  /** A digest of the samples that each was computed with. */
  readonly samples: readonly number[];
}

/** Of a training's weights and moments. */
export interface StateDigest {
  /** After so many steps. */
  readonly step: number;
  /** 32 hex digits. */
  readonly digest: string;
}

/** A point of a stage's life: `step` counts optimizer updates or processed samples, 0-based, of `totalSteps`. */
export interface StageProgress {
  readonly step: number;
  readonly totalSteps: number;
  /** e.g. { 'train/loss': 1.2, 'train/lr': 1e-3 }; recorded in the tracker at `step`. */
  readonly metrics?: Readonly<Record<string, number>>;
  readonly samplesPerSecond?: number;
  /** For the ledger: what came into the weights since the last report, in the order it did. */
  readonly applied?: readonly AppliedSteps[];
  /** `applied` begins with step 0 again: it is all that is in a state this trainer has taken, whose steps draw from these. */
  readonly anew?: readonly SampleList[];
  /** Of states this one came from; of those told before again where `applied` is told anew. */
  readonly digests?: readonly StateDigest[];
}

/** Who trains a stage together; replaced as a whole. */
export interface Roster {
  /** 1, 2, ...; 0: none yet. */
  readonly generation: number;
  /** This trainer's place among the members; -1: released, somebody else finishes the stage. */
  readonly rank: number;
  /** Where the members' tensors are pulled from, by rank. */
  readonly members: readonly string[];
}

/** Every member of a gang keeps all of the optimizer's state, or each keeps the slice that it updates. */
export type OptimizerPlacement = 'replicated' | 'partitioned';

/** Replicas of a gang add each other's gradients in host memory, or in the graph, by TensorFlow's collective operations. */
export type GradientExchange = 'host' | 'collective';

/** What is noted and explained of a gang: `how` it adds gradients. */
export const exchangeNote = (numTrainers: number, how: string): string =>
  `${numTrainers} trainers add gradients ${how}`;
export const isExchangeNote = (note: string): boolean => note.includes('trainers add gradients');

/** A tensor of another process. */
export interface TensorView {
  /** Not to be written where they are no copy. */
  readonly values: Float32Array;
  readonly isCopy: boolean;
  /** Whether the values still are those of the tensor: asked after they were used. Those of a copy always are. */
  isIntact(): boolean;
}

/** A trainer's link to the others of its gang. Names of tensors are those of one stage. */
export interface Gang {
  /** Says that this trainer is ready; the first roster it is in. */
  join(signal: AbortSignal): Promise<Roster>;
  /** The newest roster. */
  readonly roster: Roster;
  /** Aborted as soon as there is a newer roster. */
  readonly superseded: AbortSignal;
  /** Waits until there is a newer roster than this one. @throws CalmError `unavailable` when none comes; the signal's reason */
  newer(generation: number, signal: AbortSignal): Promise<void>;
  /** Offers a tensor, the parts one after the other; they must not change until it is retired. */
  publish(name: string, ...parts: readonly Float32Array[]): void;
  /** Offers a tensor that is made when it is asked for, perhaps again; what is made must not change until it is retired. */
  offer(name: string, make: () => readonly Float32Array[]): void;
  /** Forgets all tensors but those `keep` names. */
  retire(keep: (name: string) => boolean): void;
  /** Waits until so many peers have a tensor this one has published, or the signal. Who computes answers nobody. */
  taken(name: string, numPeers: number, signal: AbortSignal): Promise<void>;
  /**
   * Waits for a member's tensor; `into` is filled and returned where it has the length. A member that cannot be reached is
   * asked again until the signal: connections break, and who is gone is in no newer roster.
   * @throws CalmError `cancelled` on the signal, `unavailable` when there is no newer roster either
   */
  pull(member: string, name: string, signal: AbortSignal, into?: Float32Array): Promise<Float32Array>;
  /** As `pull`, without a copy where members share memory. */
  view(member: string, name: string, signal: AbortSignal, into?: Float32Array): Promise<TensorView>;
  /** A wait for other members by other means: meanwhile this one does not hang. */
  waiting<T>(waiting: Promise<T>): Promise<T>;
  /** For whoever reads of this stage. */
  note(text: string): void;
}

/** What a stage function is given. */
export interface StageContext {
  readonly stage: Pick<StageSpec, 'key' | 'kind' | 'config'>;
  /** 0-based. */
  readonly item: number;
  /** Input name -> absolute directory of the (complete, immutable) artifact. */
  readonly inputs: Readonly<Record<string, string>>;
  /** This attempt's own. Its files become the stage's, with those of the other items: names must contain the item. */
  readonly outputDir: string;
  /** Survives attempts: training stages keep their checkpoints here. Removed when the stage has succeeded, but for its folder `kept`. */
  readonly checkpointDir: string;
  readonly checkpointEveryMs: number;
  /** Checkpoints that stay. @default 0 */
  readonly keepCheckpoints?: number;
  /** Aborted on cancellation: save a checkpoint soon, then throw CalmError('cancelled'). */
  readonly signal: AbortSignal;
  /** Where others may join in; absent: this process computes alone. */
  readonly gang?: Gang;
  /** How a gang keeps the optimizer's state; no result depends on it. @default replicated */
  readonly optimizer?: OptimizerPlacement;
  /** How a gang adds gradients where its members can; no result depends on it. @default host */
  readonly exchange?: GradientExchange;
  report(progress: StageProgress): void;
  /** Says that the computation goes on, between reports; cheap. Who says neither for long is taken to hang. */
  alive?(): void;
  /** Milliseconds, for checkpoint intervals and rates only; never in anything that reaches a weight. */
  now(): number;
}

/** What an item yields. `metrics` of evaluation stages are the numbers of the tables. */
export interface StageResult {
  readonly metrics?: Readonly<Record<string, number | null>>;
  /** sha256 over the final trained weights, 64 hex digits; training stages only. */
  readonly fingerprint?: string;
}

export type StageFunction = (context: StageContext) => Promise<StageResult>;
