// The tracker's domain types. Rows of the database (schema.ts) never leave this package; times are milliseconds.
import type { Json, Role, StageKind, StageResult, StageSpec, Status } from '@calm-orch/core';

export interface TrialRef {
  readonly row: string;
  readonly seed: number;
}

export interface NewRun {
  /** Stem of the experiment file. */
  readonly experiment: string;
  readonly title: string;
  readonly path: string;
  /** `Experiment.resolved`: what `show --config` prints and tables are laid out by. */
  readonly resolved: Json;
  readonly hash: string;
  readonly versions: Json;
  readonly machine: Json;
  /** Process id of the coordinator. */
  readonly pid: number;
  readonly trials: readonly TrialRef[];
  /** @default none */
  readonly tags?: readonly string[];
}

export interface TrialRecord extends TrialRef {
  readonly status: Status;
  /** sha256 of the final trained weights; null until trained. */
  readonly fingerprint: string | null;
}

/** What lists show. */
export interface ListedRun {
  /** `<experiment>-<n>`, n counting the experiment's runs in this folder. */
  readonly id: string;
  readonly experiment: string;
  readonly title: string;
  readonly path: string;
  /** As shown: a run whose coordinator is gone is `failed` with `interrupted` set, never `running`. */
  readonly status: Status;
  readonly interrupted: boolean;
  readonly error: string | null;
  /** Of a run at work: when its coordinator was last heard of, and whether nothing but that is known of it from here. */
  readonly heard: { readonly agoMs: number; readonly isElsewhere: boolean } | null;
  /** What people call it, sorted. */
  readonly tags: readonly string[];
  /** Its numbers mean nothing. */
  readonly isRehearsal: boolean;
  readonly hash: string;
  readonly host: string;
  readonly pid: number;
  /** 1 + number of resumes. */
  readonly session: number;
  readonly startedMs: number;
  readonly endedMs: number | null;
  readonly numTrials: number;
  /** Trials all of whose stages have succeeded. */
  readonly numFinishedTrials: number;
  readonly numStages: number;
  /** Executed or reused. */
  readonly numFinishedStages: number;
}

export interface RunRecord extends ListedRun {
  readonly resolved: Json;
  readonly versions: Json;
  readonly machine: Json;
  readonly trials: readonly TrialRecord[];
}

/** A stage as a run plans it. */
export interface PlannedStage extends StageSpec {
  readonly role: Role;
  /** The trials that need it; a stage of the whole experiment (data, baselines) names all or none. */
  readonly trials: readonly TrialRef[];
  /** Its artifact is complete on disk and will not be made again. Needs a succeeded stage of this key. */
  readonly reuse: boolean;
  /** The files of its finished items are gone: they are forgotten. @default false */
  readonly restart?: boolean;
}

export interface ArtifactFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** How this run came by a stage: `executed` if any session of the run made it, else `reused`. */
export type Execution = 'executed' | 'reused';

export interface StageRecord extends StageSpec {
  readonly status: Status;
  readonly result: StageResult | null;
  readonly error: string | null;
  readonly firstRunId: string;
}

/** A stage seen by one run. `status` is the run's own: a later run does not change an earlier run's history. */
export interface RunStageRecord extends StageRecord {
  readonly runId: string;
  readonly execution: Execution;
  readonly startedMs: number | null;
  readonly endedMs: number | null;
  readonly trials: readonly TrialRef[];
}

export type AttemptStatus = 'running' | 'succeeded' | 'failed' | 'lost' | 'cancelled';

export interface AttemptRecord {
  readonly token: string;
  readonly runId: string;
  readonly stageKey: string;
  readonly item: number;
  /** 1-based, per item of a stage, over all runs. */
  readonly attempt: number;
  readonly worker: string;
  /** Process that holds it. */
  readonly instance: string | null;
  readonly status: AttemptStatus;
  readonly error: string | null;
  /** Where the stage's code raised it; null: it raised nothing. */
  readonly stack: string | null;
  readonly startedMs: number;
  readonly endedMs: number | null;
  /** Bytes of the worker's log when it began and ended; `logEnd` null: it goes on, or nobody saw its end. */
  readonly logStart: number | null;
  readonly logEnd: number | null;
}

/** How a worker's process ended: in order; by a signal from outside; otherwise, or unseen; by its coordinator, for another. */
export type WorkerEnding = 'finished' | 'killed' | 'lost' | 'replaced';

/** Stages whose test items other people's outputs can be measured on. */
export type ImportKind = 'evaluate-score' | 'evaluate-comment';

/** A row of other people's outputs, measured on the test items of an experiment's trials. */
export interface ImportRecord {
  readonly experiment: string;
  /** Id of the table the row stands in. */
  readonly table: string;
  readonly name: string;
  readonly kind: ImportKind;
  /** Name of the file the outputs came from, and what was in it. */
  readonly file: string;
  readonly sha256: string;
  /** Identity of the test items; `testItemsOf` makes it. */
  readonly testItems: string;
  readonly numItems: number;
  /** Test items without an output. */
  readonly missing: number;
  /** Outputs that belong to no test item. */
  readonly unknown: number;
  readonly metrics: Readonly<Record<string, number | null>>;
}

export interface MetricPoint {
  readonly runId: string;
  readonly stageKey: string;
  /** @default 0 */
  readonly item?: number;
  readonly step: number;
  readonly name: string;
  /** NaN and infinities are kept. */
  readonly value: number;
}

/** What a stage recorded at steps greater than `after`, -1: all: training goes on from a checkpoint taken there. */
export interface ReplacedMetrics {
  /** That replaces it. */
  readonly runId: string;
  readonly stageKey: string;
  readonly after: number;
}

/** One curve: points in order of step. */
export interface MetricCurve {
  readonly stageKey: string;
  readonly item: number;
  readonly name: string;
  readonly points: readonly (readonly [step: number, value: number])[];
}

/** What one call recorded, in the order of its changes. */
export interface MetricReport {
  readonly id: number;
  /** null: recorded by an earlier version. */
  readonly atMs: number | null;
  /** Went before the points came. */
  readonly replaced: Omit<ReplacedMetrics, 'runId'> | null;
  readonly points: readonly ReportedPoint[];
}

export interface ReportedPoint extends Omit<Required<MetricPoint>, 'runId'> {
  /** Number of its curve in this folder. */
  readonly curve: number;
}

/** One second of the machine during a run. */
export interface MachineLoad {
  /** Share of all cores that were busy, 0 to 1. */
  readonly cpu: number;
  readonly memoryBytes: number;
  /** Mean over the GPUs, 0 to 1, and bytes in use on all; null where there is none. */
  readonly gpu: number | null;
  readonly gpuMemoryBytes: number | null;
}

/** What somebody wrote about a run. */
export interface NoteRecord {
  readonly id: number;
  readonly runId: string;
  readonly atMs: number;
  readonly text: string;
}

export const eventTypes = [
  'run started',
  'run resumed',
  'run ended',
  'run interrupted',
  'stage queued',
  'stage reused',
  'stage started',
  'stage succeeded',
  'stage failed',
  'stage cancelled',
  'item succeeded',
  'attempt started',
  'attempt failed',
  'attempt lost',
  'attempt cancelled',
  'note',
] as const;
export type EventType = (typeof eventTypes)[number];

export interface EventRecord {
  readonly id: number;
  readonly atMs: number;
  readonly runId: string | null;
  readonly stageKey: string | null;
  readonly item: number | null;
  readonly attempt: number | null;
  readonly type: EventType;
  readonly message: string;
}

export type { Json, StageKind, StageResult, StageSpec, Status };
