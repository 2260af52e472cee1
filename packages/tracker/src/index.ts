export { openSqlite } from './database/sqlite.ts';
export { processStart } from './processes.ts';
export type { Superseded } from './holding.ts';
export type { LedgerRow, Told, ToldLineage } from './stores/ledger-store.ts';
export type { RunWorker } from './stores/worker-store.ts';
export { hasTracker, openTracker, type Tracker, type TrackerOptions } from './tracker.ts';
export type {
  ArtifactFile,
  AttemptRecord,
  EventRecord,
  Execution,
  ImportKind,
  ImportRecord,
  MetricCurve,
  PlannedStage,
  RunRecord,
  RunStageRecord,
  StageRecord,
  TrialRef,
} from './types.ts';
