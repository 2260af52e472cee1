import { expect, test } from 'vitest';
import { columns, padText } from './columns.ts';

test('columns are aligned, two spaces apart, without spaces at the end', () => {
  expect(columns([['a', 'bb'], ['ccc']])).toEqual(['a    bb', 'ccc']);
});

test('wide characters count for two cells, combining ones and colours for none', () => {
  expect(columns(['abc', '实验', 'Cafe\u0301', '👩‍🔬', '\u001b[1mab\u001b[0m'].map((text) => [text, '|']))).toEqual([
    'abc   |',
    '实验  |',
    'Cafe\u0301  |',
    '👩‍🔬    |',
    '\u001b[1mab\u001b[0m    |',
  ]);
  expect(padText('longer', 3)).toBe('longer');
});
