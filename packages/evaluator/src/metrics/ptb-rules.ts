// The rules of ptb.ts, written from the observed behaviour of Stanford's PTBTokenizer 3.4.1. Order matters only between matches
// of equal length. `u` and `y` flags: a rule is tried at one place and sees code points.

/** Abbreviations that keep their full stop. */
const abbreviations =
  'adj|adm|adv|ala|al|alex|apr|ariz|assn|assoc|asst|attys?|aug|ave|bhd|bldg|blvd|brig|bros|calif|capt|cf|cie|cmdr|co|col|colo|comdr|conn|' +
  'corp|cos|cpl|ct|dak|dec|dept|det|dr|drs|elec|ens|esq|est|etc|ext|feb|fla|fri|ft|ga|gen|gov|govs|hon|inc|ind|insp|intl|invt|' +
  'jan|jos|jr|jul|jun|kan|kans|ky|lieut|lt|ltd|maj|mar|md|mfg|mtg|messrs|mich|minn|mlle|mme|mo|mon|mont|mr|mrs|ms|msgr|mt|natl|neb|nev|' +
  'nov|oct|okla|penn|pfc|ph|plc|ptes?|ptys?|pres|prof|profs|pvt|rd|rep|reps|rev|rt|sen|sens|sep|sept|seq|sfc|sgt|spc|sq|sr|st|ste|supt|supts|' +
  'sys|tel|tenn|thu|thurs|treas|tue|tues|univ|va|vs|vt|wed|wis|wisc|wm|wyo';
/** Names of places that are common words in lower case. */
const capitalAbbreviations = 'az|la|pa|ark|del|ill|ore|tex|mass|miss|wash';
/** Abbreviations only before a number. */
const numberedAbbreviations = 'art|ca|figs?|nos?|op|pp|prop';
/** A single letter with a full stop before one of these ends a sentence. */
const sentenceStarters =
  'A|About|According|After|An|As|At|But|He|Her|Here|However|If|In|It|Last|Many|More|Now|Once|One|Other|Our|She|Since|So|Some|' +
  'Such|That|The|Their|Then|There|These|They|This|We|What|When|While|Yet|You|Mr\\.|Ms\\.';

const L = '[\\p{L}\\p{M}\\u00ad]';
const LD = '[\\p{L}\\p{M}\\p{Nd}\\u00ad]';
const A = "['\\u0092\\u2019]";
const NUMBER = '(?:\\d+(?:[.:,]\\d+)*|(?:[.:,]\\d+)+)';
const ACRONYM = '[A-Za-z](?:\\.[A-Za-z])*\\.';
const WORD = `${L}${LD}*(?:[.!?]${L}${LD}*)*`;
const UNDERSCORED = `${LD}+(?:_${LD}+)*`;
const HYPHENATED = `${LD}[\\p{L}\\p{M}\\p{Nd}.,\\u00ad]*(?:-(?:[A-Za-z](?:\\.[A-Za-z])+\\.|${LD}+))+`;
const AND = '[A-Z]+(?:(?:[+&]|&amp;)[A-Z]+)+';
const notLetter = '(?![A-Za-z])';

/** What a match becomes where it is not the one token it reads. */
export type Cut = (text: string) => string[];
export interface Rule {
  readonly pattern: RegExp;
  readonly cut?: Cut;
}

const rule = (pattern: string, cut?: Cut, flags = ''): Rule => ({
  pattern: new RegExp(pattern, `yu${flags}`),
  ...(cut === undefined ? {} : { cut }),
});
const nothing: Cut = () => [];
/** Spaces within a token become no-break spaces. */
const joined: Cut = (text) => [text.replaceAll(' ', '\u00a0')];
const split =
  (length: number): Cut =>
  (text) => [text.slice(0, length), text.slice(length)];

export const ptbRules: readonly Rule[] = [
  // Mark-up and entities.
  rule(
    '<\\/?[A-Za-z][A-Za-z0-9]*(?:\\s+[A-Za-z][A-Za-z0-9_:.-]*(?:\\s*=\\s*(?:"[^"]*"|\'[^\']*\'))?)*\\s*\\/?>|<!--[^>]*-->',
    joined,
  ),
  rule('&(?:amp);', () => ['&'], 'i'),
  rule('&(?:quot|apos|nbsp);', nothing, 'i'),
  rule('&lt;', () => ['<'], 'i'),
  rule('&gt;', () => ['>'], 'i'),
  rule('&(?:[A-Za-z]{2,8}|#\\d+);'),
  // Words, their contractions, and what stands for "not".
  rule('cannot', split(3), 'i'),
  rule('gonna|gotta|wanna', split(3), 'i'),
  rule('lemme|gimme', split(3), 'i'),
  rule(`(${A}t)(?:is|was)${notLetter}`, undefined, 'i'),
  rule(`(more)${A}n${notLetter}`, undefined, 'i'),
  rule(`d${A}ye${notLetter}`, undefined, 'i'),
  rule(`(${LD}+)${A}(?:[msd]|re|ve|ll)${notLetter}`, undefined, 'i'),
  rule(`${A}(?:[msd]|re|ve|ll)${notLetter}`, undefined, 'i'),
  rule(`([A-Za-z]+?)n['\`\\u0092\\u2019]t`, undefined, 'i'),
  rule(`n['\`\\u0092\\u2019]t`, undefined, 'i'),
  rule(WORD),
  rule(UNDERSCORED),
  rule(`[dDoOlL]${A}${L}${LD}+(?:-${LD}+)*`),
  rule(`[A-HJ-XZn]${A}${L}{2,}`),
  rule(`[A-Za-z]+[aeiouyAEIOUY]${A}[aeiouA-Z][A-Za-z]*`),
  rule(`c${A}(?:mon|est)|s${A}mores|somethin${A}|ol${A}|[djl]${A}`, undefined, 'i'),
  rule(`(y${A})${L}`, undefined, 'i'),
  rule(`${A}n${A}|${A}(?:em|till?|cause|n)${notLetter}`, undefined, 'i'),
  rule(`${A}\\d0s|${A}\\d\\d(?![A-Za-z0-9])`),
  rule(HYPHENATED),
  rule(`[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}(?:\\\\?\\/[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}){1,2}`),
  rule(AND, (text) => [text.replaceAll('&amp;', '&')]),
  rule('C\\+\\+', undefined, 'i'),
  // Abbreviations.
  rule(`(?:${abbreviations})\\.`, undefined, 'i'),
  rule(`(?:${capitalAbbreviations.replace(/\b\w/g, (letter) => `[${letter.toUpperCase()}]`)})\\.`),
  rule(`((?:${numberedAbbreviations})\\.)\\s+\\d`, undefined, 'i'),
  rule(`${ACRONYM}|Ph\\.D\\.`),
  rule(`([A-Za-z])\\.\\s+(?:${sentenceStarters})(?:\\s|$)`),
  rule(`((?:${WORD}|${UNDERSCORED}|${HYPHENATED}|${AND})\\.)[,;:]`),
  // Numbers, dates, fractions, money.
  rule(`[+-]?${NUMBER}`),
  rule('\\d{1,2}[-/]\\d{1,2}[-/]\\d{2,4}'),
  rule('(?:\\d{1,4}[- \\u00a0])?\\d{1,4}\\/\\d{1,4}(?!\\d)', joined),
  rule('[½⅓⅔¼¾]', (text) => [fractions[text]!]),
  rule('[A-Z]*\\$|#'),
  rule('€', () => ['$']),
  rule('£', () => ['#']),
  rule('¢', () => ['cents']),
  rule(
    '(?:\\(\\d{2,3}\\)[ \\u00a0]?|(?:\\+\\+?)?(?:\\d{2,4}[- \\u00a0])?\\d{2,4}[- \\u00a0])\\d{3,4}[- \\u00a0]?\\d{3,5}',
    (text) => [brackets(text)[0]!.replaceAll(' ', '\u00a0')],
  ),
  // Addresses.
  rule('https?:\\/\\/[^\\s"<>|()]+[^\\s"<>|().!?,\'\\]-]', undefined, 'i'),
  rule(
    `(?:www\\.(?:${LD}+\\.)+[A-Za-z]{2,4}|(?:${L}${LD}*\\.)+(?:com|net|org|edu|gov|info|biz))(?:\\/[^\\s"<>|()]*[^\\s"<>|().!?,;:-])?(?![A-Za-z0-9])`,
    undefined,
    'i',
  ),
  rule('(?:mailto:)?[\\p{L}\\d][\\p{L}\\d._%+-]*@(?:[\\p{L}\\d_-]+\\.)*[\\p{L}\\d_-]+'),
  rule('@[A-Za-z_]\\w*|#[\\p{L}]+'),
  // Faces.
  rule("[<>]?[:;=][-o*']?(?:[()DPdp\\\\{@|[\\]]|O)(?![A-Za-z0-9])", (text) => [
    text.replace('(', '-lrb-').replace(')', '-rrb-'),
  ]),
  rule('[-^x=~<>]_[-^x=~<>]'),
  // Punctuation that may be more than one character.
  rule('[?!]+'),
  rule('\\.{3,5}|[.\\u2025\\u2026]', nothing),
  rule('--+|[\\u2013\\u2014\\u2015]|-', nothing),
  rule('\\*+|_+|<<|>>|##+'),
  rule('[()[\\]{}]', brackets),
];

function brackets(text: string): string[] {
  return [text.replace(/[()[\]{}]/g, (bracket) => bracketNames[bracket]!)];
}

const bracketNames: Readonly<Record<string, string>> = {
  '(': '-lrb-',
  ')': '-rrb-',
  '[': '-lsb-',
  ']': '-rsb-',
  '{': '-lcb-',
  '}': '-rcb-',
};

const fractions: Readonly<Record<string, string>> = { '½': '1/2', '⅓': '1/3', '⅔': '2/3', '¼': '1/4', '¾': '3/4' };
