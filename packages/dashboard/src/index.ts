// The page over a run folder, and the server that shows it.
export { defaultPort, startPage, type Page, type PageOptions } from './server/start.ts';
export type { PageSources, StageReasons } from './server/sources.ts';
