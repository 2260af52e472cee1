// What the stream `/api/live` says, one JSON object a message. All of it can be applied twice: runs, stages and events by
// their names, points by their steps.
import { z } from 'zod';
import { curveName, point, runEvent, runLine, stageLine, trialLine } from './runs.ts';

export const news = z.discriminatedUnion('what', [
  /** Nothing new; the server is there. */
  z.object({ what: z.literal('beat') }),
  /** A run has changed: its line, those of its trials and stages that have, and the events of these changes. */
  z.object({
    what: z.literal('run'),
    run: runLine,
    trials: z.array(trialLine),
    stages: z.array(stageLine),
    events: z.array(runEvent),
  }),
  /** A stage of a run has begun a curve. */
  z.object({ what: z.literal('curve'), run: z.string(), curve: curveName }),
  /** Points that were not there before, of any curves, by their ids. */
  z.object({ what: z.literal('points'), curves: z.array(z.tuple([z.number().int(), z.array(point)])) }),
]);
export type News = z.infer<typeof news>;
