import { expect, test } from 'vitest';
import { cutText, padText, textWidth } from './text-width.ts';

test('wide characters count for two cells, combining ones for none', () => {
  expect([textWidth('abc'), textWidth('实验'), textWidth('Cafe\u0301'), textWidth('👩‍🔬')]).toEqual([3, 4, 4, 2]);
  expect(padText('实验', 6)).toBe('实验  ');
  expect(padText('longer', 3)).toBe('longer');
});

test('a text is cut between characters, within its cells', () => {
  expect(cutText('finetune', 8)).toBe('finetune');
  expect(cutText('finetune', 5)).toBe('fine…');
  expect(cutText('实验一', 5)).toBe('实验…');
  expect(cutText('实验一', 4)).toBe('实…');
  expect(cutText('x', 0)).toBe('');
});
