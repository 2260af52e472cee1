// Which samples a step sees: every epoch is a permutation of all samples, keyed by (seed, stage, epoch), and a step
// takes the next batchSize of the endless row of epochs. Position in the batch decides the shard.
import { rng } from './rng.ts';

export interface OrderedSample {
  readonly sample: number;
  readonly epoch: number;
}

export type SampleOrder = (step: number) => OrderedSample[];

export function sampleOrder(seed: number, stage: string, numSamples: number, batchSize: number): SampleOrder {
  const epochs = new Map<number, number[]>();
  const permutation = (epoch: number): number[] => {
    let order = epochs.get(epoch);
    if (order === undefined) {
      order = rng(seed, stage, 'order', epoch).shuffle(Array.from({ length: numSamples }, (_, i) => i));
      // A batch touches at most the epoch before; older ones are not needed again.
      epochs.delete(epoch - 2);
      epochs.set(epoch, order);
    }
    return order;
  };
  return (step) =>
    Array.from({ length: batchSize }, (_, i) => {
      const position = step * batchSize + i;
      const epoch = Math.floor(position / numSamples);
      return { sample: permutation(epoch)[position % numSamples]!, epoch };
    });
}
