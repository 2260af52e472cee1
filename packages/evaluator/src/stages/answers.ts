// Answers about many photographs, batch by batch: between two batches the stage reports and sees that it was cancelled.
import { setImmediate } from 'node:timers/promises';
import { CalmError, type StageContext } from '@calm-orch/core';
import type { Generated } from '@calm-orch/model';
import type { Generator } from '../answers/generate.ts';

/** In order of `rows`. @throws CalmError `cancelled` */
export async function answersOf(
  generator: Pick<Generator, 'generate'>,
  rows: readonly number[],
  batchSize: number,
  { stage: { kind }, signal, report }: Pick<StageContext, 'stage' | 'signal' | 'report'>,
): Promise<Generated[]> {
  const answers: Generated[] = [];
  while (answers.length < rows.length) {
    // The engine blocks this thread; messages come in only here.
    await setImmediate();
    if (signal.aborted) throw new CalmError('cancelled', `stage ${kind}: cancelled`);
    answers.push(...(await generator.generate(rows.slice(answers.length, answers.length + batchSize))));
    report({ step: answers.length, totalSteps: rows.length });
  }
  return answers;
}
