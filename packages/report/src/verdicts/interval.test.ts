import { describe, expect, it } from 'vitest';
import { rng } from '@calm-orch/core';
import { plcc, srcc } from '@calm-orch/evaluator';
import { meanOfItems, plccOfItems, srccOfItems, type TestItems } from '@calm-orch/evaluator/test-items';
import { bootstrap } from './bootstrap.ts';
import { meanInterval } from './interval.ts';

const numItems = 80;
const ids = Array.from({ length: numItems }, (_, i) => String(i));
const targets = ids.map((_, i) => rng('interval targets', i).normal(5, 1));
const predictions = targets.map((target, i) => target + rng('interval predictions', i).normal(0, 0.8));

function intervalOf(trials: readonly TestItems[], numReplicates = 2000) {
  const measured = bootstrap(trials, numReplicates);
  return meanInterval(trials.map((trial) => measured.get(trial)!));
}

describe('meanInterval', () => {
  const plccs = plccOfItems(ids, predictions, targets);

  it('lies about the metric, and is wider for fewer items', () => {
    const [all, ranks] = [intervalOf([plccs])!, intervalOf([srccOfItems(ids, predictions, targets)])!];
    const [value, rank] = [plcc(predictions, targets)!, srcc(predictions, targets)!];
    expect(all[0] < value && value < all[1]).toBe(true);
    expect(ranks[0] < rank && rank < ranks[1]).toBe(true);
    const many = intervalOf([meanOfItems(ids, targets)])!;
    const few = intervalOf([meanOfItems(ids.slice(0, 20), targets.slice(0, 20))])!;
    expect(few[1] - few[0]).toBeGreaterThan(1.4 * (many[1] - many[0]));
  });

  it('of a mean has the width statistics knows: 3.92 standard errors', () => {
    const [low, high] = intervalOf([meanOfItems(ids, targets)], 4000)!;
    const average = targets.reduce((sum, target) => sum + target, 0) / numItems;
    const error = Math.sqrt(targets.reduce((sum, target) => sum + (target - average) ** 2, 0)) / numItems;
    expect((high - low) / error).toBeGreaterThan(3.7);
    expect((high - low) / error).toBeLessThan(4.1);
  });

  it('draws the same items for all trials, and is null where there is nothing to draw', () => {
    expect(intervalOf([plccs, plccs])).toEqual(intervalOf([plccs]));
    const constant = plccOfItems(
      ids,
      ids.map(() => 5),
      targets,
    );
    expect([intervalOf([]), intervalOf([constant], 50), intervalOf([plccs, constant], 50)]).toEqual([null, null, null]);
  });
});
