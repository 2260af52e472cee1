// What the page shows and does not read itself: the commands that print the same lend it.
import type { Json } from '@calm-orch/core';
import type { RunComparison, Table } from '@calm-orch/report';
import type { RunRecord, RunStageRecord, Tracker, TrialRef as TrialName } from '@calm-orch/tracker';
import type { TriedAnswer } from '../api/try.ts';
import type { AugmentedPair, Picture, Suggestion, TestPhotograph } from '../api/photographs.ts';

export type { Picture, TestPhotograph, TrialName, TriedAnswer };

/** Why a stage was executed or reused. */
export interface StageReasons {
  /** What its key is the hash of; null while it has no artifact. */
  readonly ingredients: Json;
  readonly nearest: string | null;
  readonly differences: readonly { readonly what: string; readonly before: Json; readonly now: Json }[];
}

/** A stage as `calm-orch audit` counts it. */
export interface StageAudit {
  readonly key: string;
  readonly steps: number;
  readonly shards: number;
  readonly applied: number;
  readonly numMissing: number;
  readonly numRepeated: number;
  readonly superseded: number;
  readonly workers: readonly string[];
  readonly problems: readonly string[];
  readonly exact: boolean;
}

/** A trial's photographs, as the artifacts of its run list them. null: the trial has none of them, or they are gone. */
export interface PhotographSources {
  test(tracker: Tracker, runId: string, trial: TrialName): Promise<readonly TestPhotograph[]>;
  suggestions(
    tracker: Tracker,
    runId: string,
    trial: TrialName,
  ): Promise<{ readonly judge: string; readonly answers: readonly Suggestion[] } | null>;
  pairs(
    tracker: Tracker,
    runId: string,
    trial: TrialName,
    page: { readonly offset: number; readonly limit: number },
  ): Promise<{ readonly total: number; readonly pairs: readonly AugmentedPair[] } | null>;
  /** As a browser shows it. @throws CalmError `not_found` for what the stage does not list */
  picture(stage: RunStageRecord, index: number): Promise<{ readonly type: string; readonly bytes: Buffer }>;
}

export interface PageSources {
  /** As `calm-orch tables` prints them, judged apart: requests are answered meanwhile. */
  tables(run: RunRecord): Promise<readonly Table[]>;
  /** By name, its experiment's name, or the last one that has tables. @throws CalmError `not_found` */
  runWithTables(tracker: Tracker, name: string | undefined): RunRecord;
  /** Trials with trained models, the newest run first, in it the full model. */
  models(tracker: Tracker): readonly (TrialName & { readonly run: string })[];
  /**
   * Looks at the photograph of these bytes in a process of its own, which ends with `signal`.
   * @throws CalmError `invalid_argument` with `data.reason` 'size' or 'format' of what is none; `busy`; `unavailable`
   */
  tryPhotograph(
    trial: TrialName & { readonly run: string },
    body: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<TriedAnswer>;
  /** By ids, as `calm-orch compare` does, apart as well. */
  compare(a: string, b: string): Promise<RunComparison>;
  reasons(tracker: Tracker, runId: string, key: string): Promise<StageReasons>;
  audit(tracker: Tracker, runId: string): Promise<{ readonly ok: boolean; readonly stages: readonly StageAudit[] }>;
  readonly photographs: PhotographSources;
  /** Of a run's processes. */
  logs(runId: string): readonly { readonly name: string; readonly path: string }[];
}
