// The learning rate of a step: linear warm-up to the peak, then cosine to zero (CALM, section 4.1), counted as transformers
// does (`get_cosine_schedule_with_warmup`, `TrainingArguments.get_warmup_steps`): warm-up is rounded up and begins at zero.
import type { TrainingConfig } from '@calm-orch/core';

export function learningRateAt(step: number, { steps, peakLearningRate, warmupFraction }: TrainingConfig): number {
  const warmup = Math.ceil(steps * warmupFraction);
  if (step < warmup) return (peakLearningRate * step) / warmup;
  return peakLearningRate * 0.5 * (1 + Math.cos((Math.PI * (step - warmup)) / (steps - warmup)));
}
