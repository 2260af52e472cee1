export { networkFileSystem } from './database/network-file-system.ts';
export { openSqlite } from './database/sqlite.ts';
export type { Superseded } from './holding.ts';
export type { JoinTokenRecord, NewJoinToken } from './stores/guest-store.ts';
export type { LedgerRow, RosterRecord, Told, ToldLineage } from './stores/ledger-store.ts';
export { linkAfter, noLink, type StateLink } from './stores/state-link-store.ts';
export type { BandPoint } from './stores/metric-band.ts';
export type { CurveQuery, CurveRange, ThinnedCurve, TimedPoint } from './stores/metric-curve.ts';
export type { ExportedPoint } from './stores/metric-stream.ts';
export { runSorts, type RunQuery } from './stores/run-queries.ts';
export { isLoadKept } from './stores/load-store.ts';
export { groupSorts, type GroupQuery, type TrialGroup } from './stores/trial-groups.ts';
export type { NewWorker, RunWorker, WorkerEnd, WorkerRecord } from './stores/worker-store.ts';
export { hasTracker, openTracker, type Tracker, type TrackerOptions } from './tracker.ts';
export type {
  ArtifactFile,
  AttemptRecord,
  EventRecord,
  Execution,
  ImportKind,
  ImportRecord,
  MachineLoad,
  MetricReport,
  MetricCurve,
  NoteRecord,
  PlannedStage,
  RunRecord,
  RunStageRecord,
  ListedRun,
  StageRecord,
  TrialRecord,
  TrialRef,
  WorkerEnding,
} from './types.ts';
