// The page over a run folder, the server that shows it, and the report of a run.
export type * from './api/report.ts';
export { renderReport, reportHead } from './report/render-report.ts';
export { defaultPort, startPage, type Page, type PageOptions } from './server/start.ts';
export type {
  PageSources,
  PhotographSources,
  Picture,
  StageReasons,
  TestPhotograph,
  TrialName,
  TriedAnswer,
} from './server/sources.ts';
