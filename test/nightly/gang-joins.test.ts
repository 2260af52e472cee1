// Members join and leave a gang at steps drawn by more seeds than the tests of every day have.
import { expect, test } from 'vitest';
import { joinAndLeave, trainAlone } from '../../packages/trainer/src/gangs/gang-joins.test-util.ts';

const optimizers = ['replicated', 'partitioned'] as const;

test.each(optimizers.flatMap((optimizer) => [2, 3].map((seed) => [optimizer, seed] as const)))(
  'a gang with its optimizer %s goes on to the same bits when members join and leave at any step, seed %i',
  async (optimizer, seed) => {
    const alone = await trainAlone();
    expect(alone.losses.length).toBeGreaterThan(0);
    await joinAndLeave(optimizer, seed, alone);
  },
);
