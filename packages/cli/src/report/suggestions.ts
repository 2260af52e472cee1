// Degraded photographs of the report, with what the model suggested.
import { layoutOf } from '@calm-orch/coordinator/layout';
import type { ReportSuggestions } from '@calm-orch/dashboard';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { trialPhotographs } from './trial-photographs.ts';
import { shownEvaluation } from './evaluations.ts';
import { reducedPictures } from './pictures.ts';

/** Of each degradation the first answer that is right and the first that is not. */
export async function reportSuggestions(
  tracker: Tracker,
  run: RunRecord,
  dir: string,
): Promise<ReportSuggestions | null> {
  const photographs = trialPhotographs(layoutOf(dir));
  const evaluation = shownEvaluation(tracker, run, photographs, 'evaluate-suggest');
  const suggested = await photographs.suggested(evaluation?.stage);
  if (evaluation === null || suggested === null) return null;
  const { degradationNames } = await import('@calm-orch/datasets');
  const { judge, answers } = suggested;
  const chosen = degradationNames.flatMap((name) =>
    [true, false].flatMap((right) => answers.find((one) => one.degradation === name && one.right === right) ?? []),
  );
  const reduced = reducedPictures(tracker, run, photographs);
  const shown = [];
  for (const { degradation, picture, answer, right } of chosen)
    shown.push({ degradation, picture: await reduced(picture), answer, isRight: right === true });
  return { askedOf: evaluation.words, judge, shown };
}
