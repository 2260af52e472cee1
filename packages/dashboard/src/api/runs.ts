// What the page is told of runs and their stages. Times are ISO 8601 in UTC, null: not yet; a curve's value that is not
// finite is null.
import { runSorts, type BandPoint } from '@calm-orch/tracker';
import { z } from 'zod';

/** Whatever JSON can hold. */
const json = z.unknown();
const time = z.string().nullable();
const status = z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']);

export const runStatuses = ['running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const;

export const runsQuery = z.object({
  /** Interrupted runs count as failed, too. */
  status: z.enum(runStatuses).optional(),
  /** Words in the run's name, title or error. */
  text: z.string().max(200).default(''),
  sort: z.enum(runSorts).default('started'),
  order: z.enum(['ascending', 'descending']).default('descending'),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(0).max(500).default(100),
});
export type RunsQuery = z.infer<typeof runsQuery>;

/** A line of the list. */
export const runLine = z.object({
  run: z.string(),
  experiment: z.string(),
  title: z.string(),
  /** What people call it. */
  tags: z.array(z.string()),
  status: z.enum(runStatuses),
  error: z.string().nullable(),
  started: time,
  ended: time,
  numTrials: z.number().int(),
  /** Trials that have succeeded. */
  numFinishedTrials: z.number().int(),
});
export type RunLine = z.infer<typeof runLine>;

export const runsAnswer = z.object({
  /** The run folder. */
  folder: z.string(),
  /** How many match, of all pages. */
  total: z.number().int(),
  runs: z.array(runLine),
});
export type RunsAnswer = z.infer<typeof runsAnswer>;

/** `done`: this run made it; `reused`: it was there before. */
export const stageState = z.enum(['queued', 'running', 'done', 'reused', 'failed', 'cancelled']);
export type StageState = z.infer<typeof stageState>;

const trialName = z.object({ row: z.string(), seed: z.number() });

/** A stage as the run's list shows it. */
export const stageLine = z.object({
  key: z.string(),
  kind: z.string(),
  label: z.string(),
  state: stageState,
  error: z.string().nullable(),
  started: time,
  ended: time,
  numItems: z.number().int(),
  numAttempts: z.number().int(),
  trials: z.array(trialName),
});
export type StageLine = z.infer<typeof stageLine>;

export const runEvent = z.object({
  id: z.number().int(),
  at: z.string(),
  type: z.string(),
  /** Key of the stage it is about. */
  stage: z.string().nullable(),
  message: z.string(),
});
export type RunEvent = z.infer<typeof runEvent>;

export const trialLine = trialName.extend({
  status,
  fingerprint: z.string().nullable(),
  metrics: z.record(z.string(), z.number().nullable()),
});
export type TrialLine = z.infer<typeof trialLine>;

export const runAnswer = z.object({
  run: runLine,
  path: z.string(),
  hash: z.string(),
  resumes: z.number().int(),
  versions: json,
  machine: json,
  config: json,
  trials: z.array(trialLine),
  /** What people wrote about it, oldest first. */
  notes: z.array(z.object({ at: z.string(), text: z.string() })),
  stages: z.array(stageLine),
  /** The last ones, oldest first. */
  events: z.array(runEvent),
  logs: z.array(z.object({ name: z.string(), bytes: z.number() })),
});
export type RunAnswer = z.infer<typeof runAnswer>;

export const stageAnswer = z.object({
  stage: stageLine,
  firstRun: z.string(),
  config: json,
  inputs: z.record(z.string(), z.string()),
  /** What its key is the hash of; null while it has no artifact. */
  ingredients: json,
  /** The older stage of its kind most like it, and what of the keys differs; null: there is none, or nothing is left to compare. */
  nearest: z.string().nullable(),
  differences: z.array(z.object({ what: z.string(), before: json, now: json })),
  result: json,
  attempts: z.array(
    z.object({
      item: z.number().int(),
      attempt: z.number().int(),
      worker: z.string(),
      status: z.enum(['running', 'succeeded', 'failed', 'lost', 'cancelled']),
      error: z.string().nullable(),
      stack: z.string().nullable(),
      started: time,
      ended: time,
      /** Bytes of its worker's log when it began and ended; null: not recorded, or it goes on. */
      logStart: z.number().int().nullable(),
      logEnd: z.number().int().nullable(),
    }),
  ),
});
export type StageAnswer = z.infer<typeof stageAnswer>;

export const point = z.tuple([z.number(), z.number().nullable()]);

export const curveName = z.object({
  /** What news call it. */
  id: z.number().int(),
  stage: z.string(),
  item: z.number().int(),
  name: z.string(),
});
/** A curve of a stage: `[step, value]` in order of step. */
export const curve = curveName.extend({ points: z.array(point) });
export type Curve = z.infer<typeof curve>;

export const curvesQuery = z.object({
  kind: z.string().max(100),
  /** First and last step. @default all */
  from: z.coerce.number().int().optional(),
  to: z.coerce.number().int().optional(),
});
/** Long curves are thinned to what a chart can show: extremes, first and last points stay. */
export const curvesAnswer = z.object({ curves: z.array(curve) });
export type CurvesAnswer = z.infer<typeof curvesAnswer>;

const bandPoint: z.ZodType<BandPoint> = z.tuple([z.number(), z.number(), z.number(), z.number()]).readonly();
/** The seeds of a row: of a long curve each point stands for a part of the steps. */
export const band = z.object({
  /** `all`, `all, thematic`. */
  label: z.string(),
  name: z.string(),
  seeds: z.array(z.number()),
  /** `[step, mean, least, greatest]` in order of step. */
  points: z.array(bandPoint),
});
export type Band = z.infer<typeof band>;
export const bandsAnswer = z.object({
  bands: z.array(band),
  /** Ids of all curves in them. */
  curves: z.array(z.number().int()),
});
export type BandsAnswer = z.infer<typeof bandsAnswer>;

export const logQuery = z.object({
  /** Where to read on; without it the last part. */
  from: z.coerce.number().int().min(0).optional(),
  /** Where to stop. */
  to: z.coerce.number().int().min(0).optional(),
});
export const logAnswer = z.object({
  /** Bytes before `text`. */
  from: z.number().int(),
  /** Where to read on. */
  next: z.number().int(),
  text: z.string(),
});
export type LogAnswer = z.infer<typeof logAnswer>;
