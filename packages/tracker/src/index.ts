export type { Superseded } from './holding.ts';
export type { LedgerRow, RosterMember, Told, ToldLineage } from './stores/ledger-store.ts';
export type { RunWorker } from './stores/worker-store.ts';
export { databaseFile, hasTracker, openTracker, type Tracker, type TrackerOptions } from './tracker.ts';
export {
  eventTypes,
  type ArtifactFile,
  type AttemptRecord,
  type AttemptStatus,
  type EventRecord,
  type EventType,
  type Execution,
  type ImportKind,
  type ImportRecord,
  type MetricCurve,
  type MetricPoint,
  type NewRun,
  type PlannedStage,
  type RunRecord,
  type RunStageRecord,
  type StageRecord,
  type TrialRecord,
  type TrialRef,
} from './types.ts';
