// The page over a run folder, and the server that shows it.
export { defaultPort, startPage, type Page, type PageOptions } from './server/start.ts';
export type {
  PageSources,
  PhotographSources,
  Picture,
  StageReasons,
  TestPhotograph,
  TrialName,
} from './server/sources.ts';
