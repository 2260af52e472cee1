import { describe, expect, it } from 'vitest';
import { dataItems, dataParts, dataPools, partOf, poolSize } from './data-parts.ts';
import { nano } from './presets.ts';

const data = { ...nano.data, numTrain: 300, numTest: 100, numVal: 260, numGeneric: 250, numUnlabeled: 1 };

describe('items', () => {
  it('cut each pool on its own and cover every photograph once', () => {
    expect(dataPools.map((pool) => dataItems(data, pool))).toEqual([
      [
        { pool: 'labeled', first: 0, count: 250 },
        { pool: 'labeled', first: 250, count: 150 },
      ],
      [
        { pool: 'validation', first: 0, count: 250 },
        { pool: 'validation', first: 250, count: 10 },
      ],
      [{ pool: 'generic', first: 0, count: 250 }],
      [{ pool: 'unlabeled', first: 0, count: 1 }],
    ]);
    expect(dataItems({ ...data, source: 'files', numQuestions: 2501 }, 'questions')).toEqual([
      { pool: 'questions', first: 0, count: 2500 },
      { pool: 'questions', first: 2500, count: 1 },
    ]);
    expect(dataItems(data, 'questions')).toEqual([]);
  });
});

describe('parts', () => {
  it('read the datasets they are made of, and no other', () => {
    const files = {
      ...data,
      source: 'files' as const,
      roots: { AVA: '/ava', 'AVA-Captions': '/captions', PCCD: '/pccd' },
    };
    expect(partOf(files, 'labeled')).toEqual({
      source: 'files',
      seed: 0,
      roots: { AVA: '/ava' },
      numTrain: 300,
      numTest: 100,
      numVal: 260,
    });
    expect(partOf(files, 'unlabeled').roots).toEqual({ AVA: '/ava', PCCD: '/pccd' });
    expect(partOf(files, 'generic').roots).toEqual({});
    expect(partOf(data, 'generic')).toEqual({ source: 'studio', seed: 0, imageSize: 64, numGeneric: 250 });
  });

  it('know of the validation split what they hold: of files all with photographs of AVA, of the studio one', () => {
    const changed = (before: typeof nano.data) =>
      dataParts.filter((part) => {
        const [own, other] = [before, { ...before, numVal: 7 }].map((one) => JSON.stringify(partOf(one, part)));
        return own !== other;
      });
    expect(changed(data)).toEqual(['validation']);
    const files = { ...data, source: 'files' as const, roots: { AVA: '/ava' } };
    expect(changed(files)).toEqual(['labeled', 'validation', 'comments', 'unlabeled', 'questions']);
    const sizes = [data, files].map((one) => [poolSize(one, 'labeled'), poolSize(one, 'validation')]);
    expect(sizes).toEqual([
      [400, 260],
      [660, 0],
    ]);
  });
});
