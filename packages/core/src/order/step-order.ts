// Which samples a step sees where a stage draws from several lists, each of samples that fit into one batch: a step takes
// its whole batch from one list. Every list goes through its samples in epochs of its own; steps are dealt so that after
// each of them every list has had its share of the steps so far, as nearly as whole steps can.
import { sampleOrder, type OrderedSample } from './sample-order.ts';

/** Samples that the steps of a stage draw from. */
export interface SampleList {
  /** Keys its order. */
  readonly name: string;
  readonly numSamples: number;
  /** Steps it gets, in proportion to the shares of the others. */
  readonly share: number;
}

export interface StepSamples {
  /** Position of the list among the lists. */
  readonly list: number;
  readonly drawn: readonly OrderedSample[];
}

/** A function of the step alone, whatever was asked for before. */
export function stepOrder(
  seed: number,
  lists: readonly SampleList[],
  batchSize: number,
): (step: number) => StepSamples {
  const orders = lists.map(({ name, numSamples }) => sampleOrder(seed, name, numSamples, batchSize));
  const total = lists.reduce((sum, { share }) => sum + share, 0);
  const numTurns = lists.map(() => 0);
  const turns: { readonly list: number; readonly turn: number }[] = [];
  /** The list that is furthest behind its share takes the next step; of equals the first. */
  const deal = (): void => {
    const behind = lists.map(({ share }, i) => share * (turns.length + 1) - total * numTurns[i]!);
    const list = behind.reduce((most, value, i) => (value > behind[most]! ? i : most), 0);
    turns.push({ list, turn: numTurns[list]!++ });
  };
  return (step) => {
    while (turns.length <= step) deal();
    const { list, turn } = turns[step]!;
    return { list, drawn: orders[list]!(turn) };
  };
}
