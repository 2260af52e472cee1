// A dozen photographs of the report: the best, typical and worst ones, with what the model and people said.
import { layoutOf } from '@calm-orch/coordinator/layout';
import type { ReportPhotograph, ReportPhotographs } from '@calm-orch/dashboard';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { trialPhotographs, type TestedPhotograph } from './trial-photographs.ts';
import { shownEvaluation } from './evaluations.ts';
import { reducedPictures } from './pictures.ts';
import { somePoints } from './scores.ts';

/** Of each sort. */
const numShown = 4;
const maxPoints = 1000;
const maxReferences = 5;

export async function reportPhotographs(
  tracker: Tracker,
  run: RunRecord,
  dir: string,
): Promise<ReportPhotographs | null> {
  const photographs = trialPhotographs(layoutOf(dir));
  const scoring = shownEvaluation(tracker, run, photographs, 'evaluate-score');
  const commenting = shownEvaluation(tracker, run, photographs, 'evaluate-comment');
  const source = scoring ?? commenting;
  if (source === null) return null;
  const all = await photographs.tested(scoring?.stage, commenting?.stage);
  const scored = all.flatMap((one) => one.scored ?? []);
  const candidates = scoring === null ? all : all.filter((one) => one.scored !== null);
  const both = candidates.filter(({ commented }) => commented !== null);
  const ranked = [...(both.length >= 3 * numShown ? both : candidates)].sort((a, b) => errorOf(a) - errorOf(b));
  const { split = 'test' } = (source.stage.config as { evaluate?: { split?: 'test' | 'val' } }).evaluate ?? {};
  const reduced = reducedPictures(tracker, run, photographs);
  const shown: ReportPhotograph[] = [];
  for (const { why, id, picture, scored: score, commented } of choose(ranked))
    shown.push({
      id,
      why,
      picture: await reduced(picture),
      truth: score?.target ?? null,
      prediction: score?.prediction ?? null,
      comment: commented?.candidate ?? null,
      references: [...new Set(commented?.references)].slice(0, maxReferences),
    });
  return {
    scoredBy: scoring?.words ?? null,
    commentedBy: commenting?.words ?? null,
    split,
    numScored: scored.length,
    numRanked: ranked.length,
    points: somePoints(scored, maxPoints),
    shown,
  };
}

/** Of the score; of comments alone the less, the more METEOR finds in them. */
const errorOf = ({ scored, commented }: TestedPhotograph): number =>
  scored === null ? -(commented?.meteor ?? 0) : Math.abs(scored.prediction - scored.target);

/** Without overlap: of few, fewer of each. @param ranked The least error first. */
export function choose<T>(ranked: readonly T[]): (T & { readonly why: ReportPhotograph['why'] })[] {
  const count = Math.min(numShown, Math.floor(ranked.length / 3));
  if (count === 0) return ranked.map((one) => ({ ...one, why: 'typical' }));
  const middle = Math.floor((ranked.length - count) / 2);
  const part = (from: number, why: ReportPhotograph['why']) =>
    ranked.slice(from, from + count).map((one) => ({ ...one, why }));
  return [...part(0, 'best'), ...part(middle, 'typical'), ...part(ranked.length - count, 'worst').reverse()];
}
