// Bytes one trainer receives from the others in a step of a gang (gang-steps.ts): nothing where it is alone.
import type { TrainingSetup } from './memory.ts';

/**
 * Replicated: everybody takes every other member's sums whole. Partitioned: of every other member the part of the sums
 * that is its own, and the others' updated weights. Each member is taken to hold one block of shards.
 */
export function bytesReceivedPerStep(
  trained: number,
  { gpus, optimizerState }: Pick<TrainingSetup, 'gpus' | 'optimizerState'>,
): number {
  const bytes = 4 * trained;
  return optimizerState === 'replicated' ? (gpus - 1) * bytes : (2 * (gpus - 1) * bytes) / gpus;
}
