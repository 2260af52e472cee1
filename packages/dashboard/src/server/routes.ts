// Every question the page asks.
import { auditRoute } from './answers/audit.ts';
import { compareRoute } from './answers/compare.ts';
import { bandsRoute, curvesRoute, pointsRoute } from './answers/curves.ts';
import { groupsRoute } from './answers/groups.ts';
import { logRoute } from './answers/log.ts';
import { pairsRoute, photographsRoute, pictureRoute, residualsRoute, suggestionsRoute } from './answers/photographs.ts';
import { runRoute } from './answers/run.ts';
import { runsRoute } from './answers/runs.ts';
import { stageRoute } from './answers/stage.ts';
import { tablesRoute } from './answers/tables.ts';
import { timelineRoute } from './answers/timeline.ts';
import { modelsRoute, tryRoute } from './answers/try.ts';
import type { Route } from './route.ts';

export const routes: readonly Route[] = [
  runsRoute,
  groupsRoute,
  runRoute,
  curvesRoute,
  bandsRoute,
  pointsRoute,
  stageRoute,
  logRoute,
  timelineRoute,
  auditRoute,
  photographsRoute,
  residualsRoute,
  suggestionsRoute,
  pairsRoute,
  pictureRoute,
  tablesRoute,
  compareRoute,
  modelsRoute,
  tryRoute,
];
