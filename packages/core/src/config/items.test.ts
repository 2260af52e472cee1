import { describe, expect, it } from 'vitest';
import { dataItems } from './items.ts';
import { nano } from './presets.ts';

const data = { ...nano.data, numTrain: 300, numTest: 100, numGeneric: 250, numUnlabeled: 1 };

describe('items', () => {
  it('cut each pool on its own and cover every photograph once', () => {
    expect(dataItems(data)).toEqual([
      { pool: 'labeled', first: 0, count: 250 },
      { pool: 'labeled', first: 250, count: 150 },
      { pool: 'generic', first: 0, count: 250 },
      { pool: 'unlabeled', first: 0, count: 1 },
    ]);
  });
});
