// Two runs side by side, as `calm-orch compare` prints them.
import { CalmError } from '@calm-orch/core';
import { cellText, comparisonNotes, pairedText, valueText, type RunComparison } from '@calm-orch/report';
import type { Tracker } from '@calm-orch/tracker';
import { compareAnswer, compareQuery, type CompareAnswer } from '../../api/compare.ts';
import { route } from '../route.ts';
import type { PageSources } from '../sources.ts';
import { rememberedUntilChange } from '../until-change.ts';

export const compareRoute = route({
  path: '/api/compare',
  summary: 'Two runs: configuration, curves, metrics with intervals, paired differences',
  query: compareQuery,
  answer: compareAnswer,
  handle: async ({ folder, sources, query }) => {
    const tracker = folder.tracker();
    if (tracker === null) throw new CalmError('not_found', `no runs in ${folder.dir} yet`);
    const [a, b] = [tracker.findRun(query.a).id, tracker.findRun(query.b).id];
    const comparison = await compared(tracker, JSON.stringify([a, b]), sources, a, b);
    return {
      // As JSON carries it: what nobody changes, to the compiler, is no list that may be changed.
      comparison: JSON.parse(JSON.stringify(comparison)) as CompareAnswer['comparison'],
      words: {
        metrics: comparison.metrics.map((line) => ({
          a: cellText(line.a),
          b: cellText(line.b),
          paired: pairedText(line),
        })),
        configuration: comparison.configuration.map((one) => ({ a: valueText(one.a), b: valueText(one.b) })),
        notes: comparisonNotes(comparison),
      },
    };
  },
});

/** Bootstraps take seconds. */
const compared = rememberedUntilChange(
  (_: Tracker, __: string, sources: PageSources, a: string, b: string): Promise<RunComparison> => sources.compare(a, b),
);
