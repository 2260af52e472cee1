// Penn Treebank tokens as pycocoevalcap's tokenizer step gives them (Stanford PTBTokenizer 3.4.1, -lowerCase, then a
// list of punctuation dropped), so that BLEU, CIDEr and ROUGE-L agree with published numbers. Written from that
// program's observed behaviour: at each place every rule is tried, the longest match wins, of equal ones the earlier.
// Oddities are the original's: "f/2.8" is "f/2 .8", "(" is "-lrb-" and stays, "great.," keeps its full stop.
import { ptbRules, type Cut } from './ptb-rules.ts';

/** Dropped after tokenisation. Brackets are on the original's list in upper case only, and so stay. */
const dropped = new Set(["''", "'", '``', '`', '.', '?', '!', ',', ':', '-', '--', '...', ';']);

/** Most words need no rules: ASCII letters up to a space or the end, perhaps with a comma before it. */
const plainWord = /[A-Za-z]+(?=,? |$)/y;
const assimilated = /^(?:cannot|gonna|gotta|wanna|lemme|gimme)$/i;
const variationSelector = '\ufe0f';
const space = /[\s\u0085\u200b]+/y;
/** Quotation marks of all kinds leave no token; characters the original cannot tokenise leave none either. */
const vanishing =
  /^(?:["'`\u0091-\u0094\u2018\u2019\u201c\u201d\u00ab\u00bb\u2039\u203a\u2010\u2011]|\p{C}|\p{Mn}|[\u{10000}-\u{10ffff}])$/u;

/**
 * Tokens of one text, lower-cased, punctuation dropped. Line breaks count as spaces. A token can hold a no-break space
 * ("2 1/2"), as in the original. Unlike the original, which reads all captions as one stream, a caption's tokens do not
 * depend on how the next caption begins.
 */
export function ptbTokenize(caption: string): string[] {
  const text = caption.replaceAll(variationSelector, '');
  const tokens: string[] = [];
  for (let position = 0; position < text.length;) {
    const word = matchAt(plainWord, text, position);
    if (word !== null && !assimilated.test(word)) {
      tokens.push(word.toLowerCase());
      position += word.length;
      continue;
    }
    const gap = matchAt(space, text, position);
    if (gap !== null) {
      position += gap.length;
      continue;
    }
    const { match, cut } = longestMatch(text, position);
    for (const token of cut === undefined ? [match] : cut(match)) {
      const clean = token
        .replace(/[\u0092\u2019]/g, "'")
        .replaceAll('\u00ad', '')
        .toLowerCase();
      if (!dropped.has(clean) && clean !== '') tokens.push(clean);
    }
    position += match.length;
  }
  return tokens;
}

/** The token text and what becomes of it, by the rule whose match, with its trailing context, is longest. */
function longestMatch(text: string, position: number): { match: string; cut?: Cut | undefined } {
  let longest = 0;
  let match = '';
  let cut: Cut | undefined;
  for (const rule of ptbRules) {
    rule.pattern.lastIndex = position;
    const found = rule.pattern.exec(text);
    if (found === null || found[0].length <= longest) continue;
    longest = found[0].length;
    match = found[1] ?? found[0];
    cut = rule.cut;
  }
  if (match !== '') return { match, cut };
  const character = String.fromCodePoint(text.codePointAt(position)!);
  return { match: character, cut: vanishing.test(character) ? () => [] : undefined };
}

function matchAt(pattern: RegExp, text: string, position: number): string | null {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0] ?? null;
}
