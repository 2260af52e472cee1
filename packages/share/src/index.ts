// Runs for others: in the formats of other tools, and as a package that can be verified without the run folder.
export { exportFormats, exportRun, type Exported, type ExportFormat } from './export/export-run.ts';
