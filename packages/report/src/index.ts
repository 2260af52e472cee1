// Tables of runs: read from the tracker, judged on the test items of the trials, printed. Curves over seeds.
export { compareRuns, type CompareOptions } from './compare/compare-runs.ts';
export type {
  ComparedCell,
  ComparedChart,
  ComparedMetric,
  ComparedRun,
  PairedDifference,
  RunComparison,
} from './compare/comparison.ts';
export { runCurves, type RowCurve, type RunChart } from './curves/run-curves.ts';
export { columns, padText } from './formats/columns.ts';
export { cellText, comparisonNotes, comparisonText, pairedText, valueText } from './formats/comparison-text.ts';
export { layOut, type Layout } from './formats/layout.ts';
export { renderTables, tableFormats, tablesJson, type TableFormat } from './formats/render.ts';
export type { Comparison, Table, Verdict } from './table.ts';
export { collectTables, type TableSource } from './tables/collect.ts';
export { testItemsOf } from './tables/imported-rows.ts';
export { onlySeeds } from './tables/only-seeds.ts';
export { isRehearsal, rowsOfTable, tablesOf } from './tables/rows-of-table.ts';
export { judgeTables, type JudgeOptions } from './verdicts/judge-tables.ts';
export type { WholeArtifact } from './verdicts/run-items.ts';
export { undecidedRows, type UndecidedRows } from './verdicts/undecided-rows.ts';
