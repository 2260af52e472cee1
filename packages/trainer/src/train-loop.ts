// The loop every training stage runs: take the newest checkpoint, step, report, save now and then, save when told to
// stop. What a step computes depends on its number alone, so a loop that was cut off ends in the same bits.
import { setImmediate } from 'node:timers/promises';
import { CalmError, type StageContext, type TrainingConfig } from '@calm-orch/core';
import type { Values } from '@calm-orch/engine';
import type { TrainingProgram } from '@calm-orch/model';
import { loadNewestCheckpoint, saveCheckpoint } from './checkpoint.ts';
import { learningRateAt } from './schedule.ts';

export interface StepInputs {
  /** Which of the program's step functions runs. */
  readonly name: string;
  readonly inputs: Readonly<Record<string, Values>>;
}

const reportsPerStage = 100;

/**
 * Trains from the newest checkpoint, or the program's present weights, to `training.steps`.
 * @throws CalmError `cancelled` once a checkpoint is saved, when the context's signal is aborted.
 */
export async function trainLoop(
  context: StageContext,
  program: TrainingProgram,
  training: TrainingConfig,
  inputsOf: (step: number) => StepInputs,
): Promise<void> {
  const { checkpointDir, signal } = context;
  const newest = loadNewestCheckpoint(checkpointDir);
  if (newest !== undefined) program.setState(newest.state);
  const first = newest?.step ?? 0;
  const reportEvery = Math.max(1, Math.floor(training.steps / reportsPerStage));
  const started = context.now();
  let saved = started;
  for (let step = first; step < training.steps; step++) {
    if (signal.aborted || context.now() - saved >= context.checkpointEveryMs) {
      if (step > first) saveCheckpoint(checkpointDir, { step, state: program.state() });
      saved = context.now();
    }
    if (signal.aborted)
      throw new CalmError(
        'cancelled',
        `${context.stage.kind}: stopped at step ${step} of ${training.steps}, checkpoint saved`,
      );
    const { name, inputs } = inputsOf(step);
    const learningRate = learningRateAt(step, training);
    const loss = program.step(name, inputs, { step, learningRate });
    if (!Number.isFinite(loss))
      throw new CalmError(
        'bad_data',
        `${context.stage.kind}: the loss is ${loss} at step ${step}; try a lower peakLearningRate`,
      );
    if (step % reportEvery === 0 || step === training.steps - 1) {
      const seconds = (context.now() - started) / 1000;
      context.report({
        step,
        totalSteps: training.steps,
        metrics: { 'train/loss': loss, 'train/learningRate': learningRate },
        samplesPerSecond: ((step + 1 - first) * training.batchSize) / Math.max(seconds, 1e-3),
      });
    }
    // Let heartbeats and cancellation in: TensorFlow blocks this thread while it computes.
    await setImmediate();
  }
}
