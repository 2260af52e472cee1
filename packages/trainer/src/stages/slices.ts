// What slices of training stages have in common.
import { liveSlice, type TrainingConfig, type TrialConfig } from '@calm-orch/core';

/** How often checkpoints are saved, which stay, who keeps the moments, and how gradients are added changes no result: it is in no slice. */
export function trainingSlice(trial: TrialConfig, foundation: string | undefined) {
  const { seed, llm, prompt, train } = trial;
  const { checkpointEverySeconds: _, keepCheckpoints: __, optimizer: ___, exchange: ____, ...keyed } = train;
  return { seed, llm, foundation, prompt, train: keyed, ...liveSlice(trial) };
}

/** Of stages that fine-tune the whole model. */
export function finetuneSlice(trial: TrialConfig, foundation: string | undefined) {
  const { mfam, finetune, lora } = trial;
  return { ...trainingSlice(trial, foundation), mfam, finetune, ...(finetune === 'lora' && { lora }) };
}

export function samplesOf({ steps, batchSize }: TrainingConfig): number {
  return steps * batchSize;
}
