// What the page is told of a run's workers: what they held when, how they ended, who trained together; how busy the machine
// was; and what the ledger says of its training. Times are ISO 8601 in UTC.
import { z } from 'zod';

const time = z.string();

export const timelineQuery = z.object({
  /** `event` of the answer before: of leases and gangs what has changed since is told. @default all */
  event: z.coerce.number().int().min(0).default(0),
  /** Readings after this time, ms since 1970. @default all */
  load: z.coerce.number().min(0).default(0),
});

/** A worker's process. */
export const workerLine = z.object({
  /** `trainer 0`; a worker that takes the place of another has its name. */
  worker: z.string(),
  pid: z.number().int(),
  host: z.string(),
  threads: z.number().nullable(),
  joined: time,
  /** null: it lives, or nobody has looked yet. */
  ended: time.nullable(),
  ending: z.enum(['finished', 'killed', 'lost', 'replaced']).nullable(),
  reason: z.string().nullable(),
});
export type WorkerLine = z.infer<typeof workerLine>;

/** An attempt at an item, as long as it was leased. */
export const lease = z.object({
  stage: z.string(),
  item: z.number().int(),
  attempt: z.number().int(),
  worker: z.string(),
  status: z.enum(['running', 'succeeded', 'failed', 'lost', 'cancelled']),
  error: z.string().nullable(),
  started: time,
  ended: time.nullable(),
});
export type Lease = z.infer<typeof lease>;

/** From then on these trained a stage together. */
export const gangChange = z.object({
  stage: z.string(),
  generation: z.number().int(),
  at: time,
  workers: z.array(z.string()),
});
export type GangChange = z.infer<typeof gangChange>;

/** One second. */
export const loadReading = z.object({
  at: time,
  /** Share of all cores, 0 to 1. */
  cpu: z.number(),
  memoryBytes: z.number(),
  /** Share of all GPUs, 0 to 1; null: there is none. */
  gpu: z.number().nullable(),
  gpuMemoryBytes: z.number().nullable(),
});
export type LoadReading = z.infer<typeof loadReading>;

export const timelineAnswer = z.object({
  /** To go on with. */
  event: z.number().int(),
  /** Now, on the server's clock. */
  now: time,
  /** All. */
  workers: z.array(workerLine),
  leases: z.array(lease),
  gangs: z.array(gangChange),
  load: z.array(loadReading),
  /** Of the machine; null: not recorded. */
  memoryBytes: z.number().nullable(),
});
export type TimelineAnswer = z.infer<typeof timelineAnswer>;

/** What `calm-orch audit` counts, in pairs of a step and a shard of its batch. */
export const auditAnswer = z.object({
  ok: z.boolean(),
  stages: z.array(
    z.object({
      stage: z.string(),
      label: z.string(),
      /** That the configuration demands. */
      demanded: z.number().int(),
      /** In the weights, each as often as it is there. */
      recorded: z.number().int(),
      missing: z.number().int(),
      repeated: z.number().int(),
      /** Computed on weights that were given up. */
      givenUp: z.number().int(),
      workers: z.array(z.string()),
      problems: z.array(z.string()),
      /** False: trained by an earlier version, which did not record order and samples. */
      exact: z.boolean(),
    }),
  ),
});
export type AuditAnswer = z.infer<typeof auditAnswer>;
