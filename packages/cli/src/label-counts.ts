// What became of the pseudo-labels of a run that had them reworded: how many were, and why the others were not.
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { plural } from './progress/format.ts';

export interface LabelCounts {
  /** Different sentences of the grammar, by item of the stage. */
  readonly asked: number;
  readonly paraphrased: number;
  readonly changed: number;
  readonly unanswered: number;
  readonly unpaid: number;
  readonly usd: number;
}

/** Of all stages of the run that are done, executed or reused; null where none asked a language model. */
export function labelCounts(tracker: Tracker, run: RunRecord): LabelCounts | null {
  const results = tracker.listRunStages(run.id).map(({ result }) => result?.metrics ?? {});
  const asked = results.filter((metrics) => 'labels/paraphrased' in metrics);
  if (asked.length === 0) return null;
  const sum = (name: string): number => asked.reduce((total, metrics) => total + (metrics[`labels/${name}`] ?? 0), 0);
  const [paraphrased, changed, unanswered, unpaid] = ['paraphrased', 'changed', 'unanswered', 'unpaid'].map(sum);
  return {
    asked: paraphrased! + changed! + unanswered! + unpaid!,
    paraphrased: paraphrased!,
    changed: changed!,
    unanswered: unanswered!,
    unpaid: unpaid!,
    usd: sum('usd'),
  };
}

/** `Labels: 3 of 5 sentences reworded (2 changed the meaning), $0.01.` */
export function labelLine({ asked, paraphrased, changed, unanswered, unpaid, usd }: LabelCounts): string {
  const why = [
    ...(changed > 0 ? [`${changed} answered with another meaning`] : []),
    ...(unanswered > 0 ? [`${unanswered} not answered`] : []),
    ...(unpaid > 0 ? [`${unpaid} beyond openai.maxUsd`] : []),
  ];
  const kept = why.length > 0 ? `; the others kept their template: ${why.join(', ')}` : '';
  return `Labels: ${paraphrased} of ${plural(asked, 'sentence')} reworded${kept} ($${usd.toFixed(usd < 0.01 ? 4 : 2)}).`;
}
