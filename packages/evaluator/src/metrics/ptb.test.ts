import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ptbTokenize, ptbTokenizeByRules } from './ptb.ts';

describe('ptbTokenize', () => {
  it('cuts contractions, drops quotes and keeps brackets', () => {
    expect(ptbTokenize(`It's "great" (really), isn't it?`)).toEqual(
      ['it', "'s", 'great', '-lrb-', 'really', '-rrb-', 'is', "n't", 'it'], // prettier-ignore
    );
  });

  it('has no tokens for an empty text or mere punctuation', () => {
    expect(ptbTokenize('')).toEqual([]);
    expect(ptbTokenize(' . , "!" -- ...\n')).toEqual([]);
  });

  it('reads a line break as a space', () => {
    expect(ptbTokenize('a\r\nb\tc')).toEqual(['a', 'b', 'c']);
  });

  it('gives the tokens of pycocoevalcap for at least 99.5 % of awkward lines', () => {
    const path = new URL('../../fixtures/ptb-lines.json', import.meta.url);
    const { lines } = JSON.parse(readFileSync(path, 'utf8')) as { lines: { text: string; tokens: string }[] };
    const wrong = lines.filter(({ text, tokens }) => ptbTokenize(text).join(' ') !== tokens);
    expect(wrong.length, JSON.stringify(wrong.slice(0, 5))).toBeLessThanOrEqual(0.005 * lines.length);
  });

  it('remembers stretches between spaces without changing a token', () => {
    const pieces = [
      'a', 'A.', 'The', 'Mr.', 'art.', 'no.', 'Ph.D.', 'isn', "n't", "'s", "d'", 'cannot', 'gonna', 'Lemme', 'more', "'n'", 'well-lit', '_b',
      '1', '12', '345', '6789', '1/2', '½', '(12)', '+1', '-', '.', ',', ';', '...', '?!', '$', '#', '"', ':-)', '(', ')',
      '<a', 'href="x"', '>', '</a>', '&amp;', 'http://a.com/b', 'x@y.org', '\n', '\t', '\u00a0', '\u200b', 'é', '😀', '\ufe0f',
    ]; // prettier-ignore
    const text = fc
      .array(fc.tuple(fc.constantFrom(...pieces), fc.constantFrom('', ' ', ' ', '  ')), { maxLength: 12 })
      .map((parts) => parts.flat().join(''));
    fc.assert(
      fc.property(text, (t) => {
        expect(ptbTokenize(t)).toEqual(ptbTokenizeByRules(t));
      }),
      { seed: 1, numRuns: 5000 },
    );
  });

  it('stays fast on a text made to be slow', () => {
    const started = process.cpuUsage();
    for (const piece of ['a', 'a.', '1-', 'a/', "'", '<a ', '1,', '&', 'a_', '((']) ptbTokenize(piece.repeat(5000));
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(20_000);
  });
});
