// Members join and leave a gang at steps drawn by more seeds than the tests of every day have.
import { expect, test } from 'vitest';
import { joinAndLeave, trainAlone } from '../../packages/trainer/src/gang-joins.test-util.ts';

test.each(['replicated', 'partitioned'] as const)(
  'a gang with its optimizer %s goes on to the same bits when members join and leave at any step',
  async (optimizer) => {
    const alone = await trainAlone();
    expect(alone.losses.length).toBeGreaterThan(0);
    for (const seed of [2, 3, 4, 5]) await joinAndLeave(optimizer, seed, alone);
  },
);
