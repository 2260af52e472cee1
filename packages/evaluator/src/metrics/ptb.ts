// Penn Treebank tokens as pycocoevalcap's tokenizer step gives them (Stanford PTBTokenizer 3.4.1, -lowerCase, then a
// list of punctuation dropped), so that BLEU, CIDEr and ROUGE-L agree with published numbers. Written from that
// program's observed behaviour: at each place every rule is tried, the longest match wins, of equal ones the earlier.
// Oddities are the original's: "f/2.8" is "f/2 .8", "(" is "-lrb-" and stays, "great.," keeps its full stop.
import { ptbRules, type Cut } from './ptb-rules.ts';

/** Dropped after tokenisation. Brackets are on the original's list in upper case only, and so stay. */
const dropped = new Set(["''", "'", '``', '`', '.', '?', '!', ',', ':', '-', '--', '...', ';']);

/**
 * Tokens of stretches between spaces seen before; one token lies there as itself. Bounded, and for short ones only: texts of many
 * words are cut all the same.
 */
const knownStretches = new Map<string, string | readonly string[]>();
const maxKnownStretches = 200_000;
const maxStretchLength = 40;
/** Letters and digits alone are one token, but for the words that a rule splits. */
const plainStretch = /^(?!(?:cannot|gonna|gotta|wanna|lemme|gimme)$)[a-z0-9]+$/i;
/** The text being cut puts its tokens here first: a copy of the right length is less to clear up than an array that grew. */
const cutTokens: string[] = [];
const variationSelector = '\ufe0f';
const spaces = /[\s\u0085\u200b]+/y;
const [space, closingBracket, fullStop, lessThan] = [32, 41, 46, 60];
/** Quotation marks of all kinds leave no token; characters the original cannot tokenise leave none either. */
const vanishing =
  /^(?:["'`\u0091-\u0094\u2018\u2019\u201c\u201d\u00ab\u00bb\u2039\u203a\u2010\u2011]|\p{C}|\p{Mn}|[\u{10000}-\u{10ffff}])$/u;

/**
 * Tokens of one text, lower-cased, punctuation dropped. Line breaks count as spaces. A token can hold a no-break space
 * ("2 1/2"), as in the original. Unlike the original, which reads all captions as one stream, a caption's tokens do not
 * depend on how the next caption begins.
 */
export function ptbTokenize(caption: string): string[] {
  const text = caption.includes(variationSelector) ? caption.replaceAll(variationSelector, '') : caption;
  let numTokens = 0;
  for (let position = 0; position < text.length;) {
    if (text.charCodeAt(position) === space) {
      position += 1;
      continue;
    }
    const found = text.indexOf(' ', position);
    const end = found < 0 ? text.length : found;
    if (end - position <= maxStretchLength && standsAlone(text, position, end)) {
      const known = stretchTokens(text.slice(position, end));
      if (typeof known === 'string') cutTokens[numTokens++] = known;
      else for (const token of known) cutTokens[numTokens++] = token;
      position = end;
    } else {
      const tokens: string[] = [];
      position += cutAt(text, position, tokens);
      for (const token of tokens) cutTokens[numTokens++] = token;
    }
  }
  return cutTokens.slice(0, numTokens);
}

/**
 * Whether what follows the space (or end) at `end` cannot matter to the tokens before it. Rules that read over a space read
 * mark-up, or need before the space a digit, a closing bracket or a letter and its full stop; numbers and sentences that
 * go on do so with no ASCII letter, except after a letter and its full stop.
 */
function standsAlone(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (text.charCodeAt(at) === lessThan) return false;
  if (end === text.length) return true;
  const last = text.charCodeAt(end - 1);
  if (isLetter(last)) return true;
  if (last === fullStop) {
    if (!isLetter(text.charCodeAt(end + 1))) return false;
    for (let at = start; at < end - 1; at++) if (!isLetter(text.charCodeAt(at))) return !hasLetter(text, start, end);
    return end - start > 2;
  }
  return last === closingBracket || isDigit(last) ? isLetter(text.charCodeAt(end + 1)) : last > space && last < 127;
}

/** The same tokens by the rules alone, place by place; ten times slower. */
export function ptbTokenizeByRules(caption: string): string[] {
  const text = caption.replaceAll(variationSelector, '');
  const tokens: string[] = [];
  for (let position = 0; position < text.length;) position += cutAt(text, position, tokens);
  return tokens;
}

function hasLetter(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (isLetter(text.charCodeAt(at))) return true;
  return false;
}

function stretchTokens(stretch: string): string | readonly string[] {
  const known = knownStretches.get(stretch);
  if (known !== undefined) return known;
  const tokens = plainStretch.test(stretch) ? [stretch.toLowerCase()] : ptbTokenizeByRules(stretch);
  const kept = tokens.length === 1 ? tokens[0]! : tokens;
  if (knownStretches.size < maxKnownStretches) knownStretches.set(stretch, kept);
  return kept;
}

/** Adds the tokens of the longest match at a place, none for spaces; its length. */
function cutAt(text: string, position: number, tokens: string[]): number {
  const gap = matchAt(spaces, text, position);
  if (gap !== null) return gap.length;
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

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
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
