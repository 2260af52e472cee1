// Degraded photographs of the report, with what the model suggested.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReportSuggestions } from '@calm-orch/dashboard';
import type { DegradedPhoto } from '@calm-orch/datasets';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { shownEvaluation } from './evaluations.ts';
import { reducedPicture } from './pictures.ts';

interface Judged extends DegradedPhoto {
  readonly answer: string;
  readonly right: boolean;
}

/** Of each degradation the first answer that is right and the first that is not. */
export async function reportSuggestions(
  tracker: Tracker,
  run: RunRecord,
  dir: string,
): Promise<ReportSuggestions | null> {
  const file = 'suggestions.json';
  const evaluation = shownEvaluation(tracker, run, dir, { kind: 'evaluate-suggest', file });
  if (evaluation === null) return null;
  const { degradationNames, degradedFile } = await import('@calm-orch/datasets');
  const { judge, items } = JSON.parse(readFileSync(join(evaluation.dir, file), 'utf8')) as {
    judge: string;
    items: readonly Judged[];
  };
  const chosen = degradationNames.flatMap((name) =>
    [true, false].flatMap((right) => items.find((one) => one.degradation === name && one.right === right) ?? []),
  );
  const shown = [];
  for (const item of chosen)
    shown.push({
      degradation: item.degradation!,
      picture: await reducedPicture(join(evaluation.inputs['degraded']!, degradedFile(item))),
      answer: item.answer,
      isRight: item.right,
    });
  return { askedOf: evaluation.words, judge, shown };
}
