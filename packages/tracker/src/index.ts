export { openSqlite } from './database/sqlite.ts';
export { processStart } from './processes.ts';
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
export {
  collectTable,
  collectTables,
  summarize,
  type Cell,
  type Cells,
  type Table,
  type TableVerdict,
} from './tables/collect.ts';
export { testItemsOf, type RowImport } from './tables/imported-rows.ts';
export { rowsOfTable, tablesOf, type RowOfTable } from './tables/rows-of-table.ts';
export { cutText, padText, textWidth } from './tables/text-width.ts';
export { renderTables, tableFormats, type RenderOptions, type TableFormat } from './tables/render.ts';
