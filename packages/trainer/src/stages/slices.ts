// What the slices of training stages have in common.
import type { TrainingConfig, TrialConfig } from '@calm-orch/core';

/** How often checkpoints are saved, and who keeps the moments, changes no result: it is in no slice. */
export function trainingSlice({ seed, llm, prompt, train }: TrialConfig, foundation: string | undefined) {
  const { checkpointEverySeconds: _, optimizer: __, ...keyed } = train;
  return { seed, llm, foundation, prompt, train: keyed };
}

/** What fine-tuning trains of the language model. */
export function finetuneSlice({ finetune, lora }: TrialConfig) {
  return finetune === 'lora' ? { finetune, lora } : { finetune };
}

export function samplesOf({ steps, batchSize }: TrainingConfig): number {
  return steps * batchSize;
}
