// Reports an item's progress in photographs, not more often than it is worth reading.
import type { StageContext } from '@calm-orch/core';

const everyPhotos = 25;

/** Returns a function to call with the number of photographs done of `total`. */
export function photoProgress(
  context: Pick<StageContext, 'report' | 'alive' | 'now'>,
  total: number,
): (numDone: number) => void {
  const startMs = context.now();
  return (numDone) => {
    context.alive?.();
    if (numDone % everyPhotos !== 0 && numDone !== total) return;
    const seconds = (context.now() - startMs) / 1000;
    context.report({
      step: numDone,
      totalSteps: total,
      ...(seconds > 0 ? { samplesPerSecond: numDone / seconds } : {}),
    });
  };
}
