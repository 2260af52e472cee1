// Penn Treebank tokens as pycocoevalcap's tokenizer step gives them (Stanford PTBTokenizer 3.4.1, -lowerCase, then a
// list of punctuation dropped), so that BLEU, CIDEr and ROUGE-L agree with published numbers. Written from that
// program's observed behaviour: at each place every rule is tried, the longest match wins, of equal ones the earlier.
// Oddities are the original's: "f/2.8" is "f/2 .8", "(" is "-lrb-" and stays, "great.," keeps its full stop.
import { ptbRules, type Cut } from './ptb-rules.ts';

/** Dropped after tokenisation. Brackets are on the original's list in upper case only, and so stay. */
const dropped = new Set(["''", "'", '``', '`', '.', '?', '!', ',', ':', '-', '--', '...', ';']);

const assimilated = /^(?:cannot|gonna|gotta|wanna|lemme|gimme)$/i;
/** Lower-case form of plain words seen before; null: the rules cut it. Bounded: texts of many words are cut all the same. */
const plainForms = new Map<string, string | null>();
const endingForms = new Map<string, readonly string[]>();
const maxPlainForms = 100_000;
const variationSelector = '\ufe0f';
const spaces = /[\s\u0085\u200b]+/y;
const [space, comma, fullStop] = [32, 44, 46];
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
    // Most of a text needs no rules: words of ASCII letters between spaces, perhaps with a comma or a full stop.
    const end = endOfLetters(text, position);
    const mark = text.charCodeAt(end);
    if (end === position) {
      if (mark === space) {
        position += 1;
        continue;
      }
      if ((mark === comma || mark === fullStop) && isSpaceOrEnd(text, end + 1)) {
        position += 1;
        continue;
      }
    } else if (isSpaceOrEnd(text, end) || (mark === comma && text.charCodeAt(end + 1) === space)) {
      const form = plainForm(text.slice(position, end));
      if (form !== null) {
        tokens.push(form);
        position = end;
        continue;
      }
    } else if (mark === fullStop && end - position > 1 && isLastOrBeforeWord(text, end + 1)) {
      // What follows cannot matter: no rule reads a word, its full stop and the next word.
      tokens.push(...endingForm(text.slice(position, end + 1)));
      position = end + 1;
      continue;
    }
    const gap = matchAt(spaces, text, position);
    if (gap !== null) {
      position += gap.length;
      continue;
    }
    position += cutAt(text, position, tokens);
  }
  return tokens;
}

/** Adds the tokens of the longest match at a place; its length. */
function cutAt(text: string, position: number, tokens: string[]): number {
  const { match, cut } = longestMatch(text, position);
  for (const token of cut === undefined ? [match] : cut(match)) {
    const clean = token
      .replace(/[\u0092\u2019]/g, "'")
      .replaceAll('\u00ad', '')
      .toLowerCase();
    if (!dropped.has(clean) && clean !== '') tokens.push(clean);
  }
  return match.length;
}

/** The tokens of a word and the full stop behind it, which an abbreviation keeps. */
function endingForm(text: string): readonly string[] {
  const known = endingForms.get(text);
  if (known !== undefined) return known;
  const tokens: string[] = [];
  for (let position = 0; position < text.length;) position += cutAt(text, position, tokens);
  if (endingForms.size < maxPlainForms) endingForms.set(text, tokens);
  return tokens;
}

function endOfLetters(text: string, position: number): number {
  let end = position;
  while (end < text.length && isLetter(text.charCodeAt(end))) end++;
  return end;
}

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

function isSpaceOrEnd(text: string, at: number): boolean {
  return at === text.length || text.charCodeAt(at) === space;
}

function isLastOrBeforeWord(text: string, at: number): boolean {
  return at === text.length || (text.charCodeAt(at) === space && isLetter(text.charCodeAt(at + 1)));
}

function plainForm(word: string): string | null {
  const known = plainForms.get(word);
  if (known !== undefined) return known;
  const form = assimilated.test(word) ? null : word.toLowerCase();
  if (plainForms.size < maxPlainForms) plainForms.set(word, form);
  return form;
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
