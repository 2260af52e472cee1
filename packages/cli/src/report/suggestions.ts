// Degraded photographs of the report, with what the model suggested.
import { join } from 'node:path';
import type { ReportSuggestions } from '@calm-orch/dashboard';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { shownEvaluation } from './evaluations.ts';
import { reducedPicture } from './pictures.ts';

/** Of each degradation the first answer that is right and the first that is not. */
export async function reportSuggestions(
  tracker: Tracker,
  run: RunRecord,
  dir: string,
): Promise<ReportSuggestions | null> {
  const wanted = { kind: 'evaluate-suggest', file: 'suggestions.json' } as const;
  const evaluation = shownEvaluation(tracker, run, dir, wanted);
  if (evaluation === null) return null;
  const { degradationNames, degradedFile } = await import('@calm-orch/datasets');
  const { readSuggestions } = await import('@calm-orch/evaluator/answers');
  const { judge, answers } = readSuggestions(evaluation.dir);
  const chosen = degradationNames.flatMap((name) =>
    [true, false].flatMap((right) => answers.find((one) => one.degradation === name && one.right === right) ?? []),
  );
  const shown = [];
  for (const item of chosen)
    shown.push({
      degradation: item.degradation,
      picture: await reducedPicture(join(evaluation.inputs['degraded']!, degradedFile(item))),
      answer: item.answer,
      isRight: item.right === true,
    });
  return { askedOf: evaluation.words, judge, shown };
}
