import { expect, test } from 'vitest';
import { cutText } from './cut-text.ts';

test('a text is cut between characters, within its cells', () => {
  expect(cutText('finetune', 8)).toBe('finetune');
  expect(cutText('finetune', 5)).toBe('fine…');
  expect(cutText('实验一', 5)).toBe('实验…');
  expect(cutText('实验一', 4)).toBe('实…');
  expect(cutText('x', 0)).toBe('');
});
