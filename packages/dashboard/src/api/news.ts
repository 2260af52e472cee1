// What the stream `/api/live` says, one JSON object a message. All of it can be applied twice: runs, stages and events by
// their names, points by their steps.
import { z } from 'zod';
import { curve, runEvent, runLine, stageLine, trialLine } from './runs.ts';

export const news = z.discriminatedUnion('what', [
  /** Nothing new; the server is there. */
  z.object({ what: z.literal('beat') }),
  /** A run has changed: its line, its trials, those of its stages that have, and the events of these changes. */
  z.object({
    what: z.literal('run'),
    run: runLine,
    trials: z.array(trialLine),
    stages: z.array(stageLine),
    events: z.array(runEvent),
  }),
  /** Points of curves that were not there before. */
  z.object({ what: z.literal('points'), run: z.string(), curves: z.array(curve) }),
]);
export type News = z.infer<typeof news>;
