// The metrics of personalized assessment: what stage `evaluate-personal` gives, as a function of the lines it leaves.
import type { ScoreReadout } from '@calm-orch/core';
import { srcc } from '../metrics/correlation.ts';

/** One photograph that an annotator rated, in one repeat; lines of an annotator's repeat follow one another. */
export interface PersonalPrediction {
  readonly worker: string;
  readonly image: string;
  readonly repeat: number;
  readonly target: number;
  readonly score: number;
  readonly expectation: number;
  /** The generic model's score. */
  readonly generic: number;
  /** The other annotators' mean rating. */
  readonly others: number;
}

export const personalColumns = [
  'worker',
  'image',
  'repeat',
  'target',
  'score',
  'expectation',
  'generic',
  'others',
] as const satisfies readonly (keyof PersonalPrediction)[];

type Correlations = Record<'SRCC' | 'SRCC_text' | 'SRCC_expectation' | 'SRCC_generic' | 'SRCC_others', number>;

/** SRCC per annotator and repeat, averaged over repeats, then over annotators; annotators.csv with each one's mean. */
export function personalReport(
  predictions: readonly PersonalPrediction[],
  scoreReadout: ScoreReadout,
): { readonly metrics: Record<string, number>; readonly annotators: string } {
  const episodes: PersonalPrediction[][] = [];
  for (const one of predictions) {
    const last = episodes.at(-1)?.[0];
    if (last?.worker === one.worker && last.repeat === one.repeat) episodes.at(-1)!.push(one);
    else episodes.push([one]);
  }
  const correlations = episodes.map((own): Correlations => {
    const targets = own.map(({ target }) => target);
    // No ranking at all ranks as badly as chance.
    const of = (name: 'score' | 'expectation' | 'generic' | 'others'): number =>
      srcc(
        own.map((one) => one[name]),
        targets,
      ) ?? 0;
    return {
      SRCC: of(scoreReadout === 'text' ? 'score' : 'expectation'),
      SRCC_text: of('score'),
      SRCC_expectation: of('expectation'),
      SRCC_generic: of('generic'),
      SRCC_others: of('others'),
    };
  });
  const ofWorker = new Map<string, number[]>();
  correlations.forEach(({ SRCC }, i) => {
    const { worker } = episodes[i]![0]!;
    ofWorker.set(worker, [...(ofWorker.get(worker) ?? []), SRCC]);
  });
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const lines = [...ofWorker].map(([worker, own]) => `${worker},${mean(own)}`);
  // Every annotator has as many repeats, so the mean of all is the mean over annotators of their means.
  const names = Object.keys(correlations[0]!) as (keyof Correlations)[];
  return {
    metrics: {
      ...Object.fromEntries(names.map((name) => [name, mean(correlations.map((one) => one[name]))])),
      numAnnotators: ofWorker.size,
    },
    annotators: `worker,SRCC\n${lines.join('\n')}\n`,
  };
}
