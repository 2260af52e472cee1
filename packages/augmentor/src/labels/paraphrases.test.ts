import { expect, it } from 'vitest';
import { keepsMeaning } from './meaning.ts';
import { badParaphrases, goodParaphrases } from './paraphrases.test-util.ts';

it.each(badParaphrases)('refuses $wrong: $text', ({ template, text }) => {
  expect(keepsMeaning(template, text)).toBe(false);
});

it('accepts at least four of five paraphrases that say the same', () => {
  expect(goodParaphrases.length + badParaphrases.length).toBeGreaterThanOrEqual(300);
  const refused = goodParaphrases.filter(({ template, text }) => !keepsMeaning(template, text));
  const shown = refused.map(({ text }) => text).join('\n');
  expect(1 - refused.length / goodParaphrases.length, shown).toBeGreaterThanOrEqual(0.8);
});
