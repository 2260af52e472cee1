// The learning rate of a step: linear warm-up to the peak, then cosine to zero (CALM, section 4.1).
import type { TrainingConfig } from '@calm-orch/core';

export function learningRateAt(step: number, { steps, peakLearningRate, warmupFraction }: TrainingConfig): number {
  const warmup = Math.round(steps * warmupFraction);
  if (step < warmup) return (peakLearningRate * (step + 1)) / warmup;
  return peakLearningRate * 0.5 * (1 + Math.cos((Math.PI * (step - warmup)) / (steps - warmup)));
}
