// What a pseudo-label says, whatever its words: which attributes, in which direction, of which photograph. A sentence is
// read only if it is made wholly of known words in a known construction; all else has no meaning here. A paraphrase is
// trained on only if it surely says what its template says, and a good one that is refused costs nothing but variety.
import {
  comparedWords,
  nounsCompared,
  nounStates,
  ofSubject,
  stateWords,
  subjectComparedWords,
  subjectStateWords,
  type Attribute,
  type MeaningAxis,
} from './meaning-words.ts';

/** +1: more of it in the first photograph (or the only one); -1: less. */
export type Meaning = ReadonlyMap<MeaningAxis, 1 | -1>;

interface Read {
  /** Of two photographs, or of one. */
  readonly pair: boolean;
  readonly attributes: ReadonlyMap<MeaningAxis, Attribute>;
}

/** A phrase of a sentence: a letter for the part it plays, and what it says. */
interface Phrase {
  readonly symbol: string;
  readonly attribute?: Attribute;
}

const noun = '(?:image|photo|picture|photograph|shot)';
/** Parts of sentences, the longer first. Attributes are looked up apart. */
const parts: readonly (readonly [symbol: string, words: RegExp])[] = [
  ['O', new RegExp(`^(?:of|between) the two(?: ${noun}s)?$`)],
  ['F', new RegExp(`^(?:the )?first(?: ${noun}| one)?$`)],
  ['S', new RegExp(`^(?:the )?second(?: ${noun}| one)?$`)],
  [
    'X',
    /^(?:than|(?:when |as )?compared (?:to|with)|in comparison (?:to|with)|in contrast (?:to|with)|relative to|in relation to|versus)$/,
  ],
  [
    'B',
    new RegExp(
      `^(?:than|(?:when |as )?compared (?:to|with)|in comparison (?:to|with)|relative to) (?:before|it was(?: before)?|(?:in )?the original(?: ${noun})?)$`,
    ),
  ],
  ['W', /^that is how$/],
  ['Y', /^there is$/],
  ['R', /^in which$/],
  ['T', /^(?:the |its )?subject$/],
  ['K', /^(?:the |its )?colou?rs$/],
  ['I', new RegExp(`^(?:it|(?:the|this) ${noun})$`)],
  ['E', /^everything$/],
  ['t', /^this$/],
  ['D', /^(?:a|an|the)$/],
  ['n', new RegExp(`^${noun}$`)],
  ['1', /^one$/],
  ['V', /^(?:is|are|looks|look|appears|appear|has become|have become|has been made)$/],
  ['H', /^(?:has|have|shows|contains|exhibits|displays|suffers from)$/],
  ['h', /^with$/],
  ['q', /^whose$/],
  ['r', /^(?:that|which)$/],
  ['o', /^(?:(?:that |those )?(?:of|in))$/],
  ['&', /^(?:and|but)(?: also)?$/],
  ['w', /^(?:while|whereas)$/],
  ['b', /^both$/],
  [',', /^,$/],
  [';', /^;$/],
];

/** C: compared; M: a noun compared; J: a state; N: a noun of a state. */
const attributeParts: readonly (readonly [symbol: string, words: ReadonlyMap<string, Attribute>])[] = [
  ['C', comparedWords],
  ['M', nounsCompared],
  ['J', stateWords],
  ['N', nounStates],
];
const subjectParts: typeof attributeParts = [
  ['C', subjectComparedWords],
  ['J', subjectStateWords],
];
const longestPhrase = 7;
/** Of a sentence; those of the grammar have 13. */
const mostPhrases = 30;

const listOf = (item: string): string => `b?${item}(?:,?&${item}|,${item})*`;
const joined = '(?:,|;|,?&|;?,?w)';
const [compared, nounsThan] = ['C', 'M'].map(listOf);
/** Of one photograph, what it is and then what it has become: 'less vivid and blurry' may mean that it is less blurry. */
const thenMore = (is: string, became: string): string =>
  `(?:${listOf(is)}(?:,?&${became}B?|,${became})*|${listOf(`${became}B?`)})`;
const states = thenMore('J', 'C');
const nouns = thenMore('N', 'M');

/**
 * Of one photograph: 'it is J', 'the subject of the image is J', 'a J image', 'this is an image with N', 'it is C than
 * before', 'the C image'.
 */
const saysOfOne = `(?:V${states}|H${nouns})`;
const clauseOfOne = `(?:[It]${saysOfOne}(?:,?&${saysOfOne})*|EV${states}|[TK](?:oI)?V${states})`;
const furtherOfOne = `(?:h${nouns}|r${saysOfOne}(?:,?&${saysOfOne})*|q[TK]V${states}|R[TK]V${states})`;
const oneOfOne = `(?:[tI]V)?(?:[Dt](?:J(?:,?&?J)*(?:,?&?C)*|C(?:,?&?C)*)nB?${furtherOfOne}?|(?:Dn|I)${furtherOfOne})`;
const ofOne = new RegExp(`^(?:B,)?(?:${clauseOfOne}(?:${joined}${clauseOfOne})*|${oneOfOne})$`);

/** Of two: 'compared with S, F is C', 'F is C than S and has M', 'the subject of F is C than that of S', 'the C one is F'. */
const than = 'Xo?[FS]V?';
const saysOfTwo = `(?:V(?:${compared}|D${compared}(?:[n1]O?|O))|H${nounsThan})(?:,?${than})?`;
const clauseOfTwo = `[FS](?:,${than},)?${saysOfTwo}(?:,?&(?:${saysOfTwo}|${compared}(?:,?${than})?))*`;
const topicOfTwo = `[TK]o[FS]V${compared}(?:${than})?`;
const lateOfTwo = `(?:[TK]V${compared}o[FS](?:${than})?|Y${nounsThan}o[FS](?:${than})?|o[FS],?(?:[TK]V${compared}|Y${nounsThan})(?:${than})?|D${compared}[n1]O?V[FS]|${compared}${than},W[FS]V)`;
const ofTwo = new RegExp(
  `^(?:(?:${than}|O),)?(?:(?:${clauseOfTwo}|${topicOfTwo})(?:${joined}(?:${clauseOfTwo}|${topicOfTwo}))*|${lateOfTwo})$`,
);

/** Null where the sentence is not wholly understood, contradicts itself, or can be read in two ways. */
export function meaningOf(sentence: string): Meaning | null {
  const read = readSentence(sentence);
  return read && new Map([...read.attributes].map(([axis, { sign }]) => [axis, sign]));
}

/**
 * Whether a paraphrase says what its template says: the same attributes in the same direction, of one or of two
 * photographs, of the subject where the template says so, and of one photograph that it is so or only has become so.
 */
export function keepsMeaning(template: string, paraphrase: string): boolean {
  const [wanted, said] = [readSentence(template), readSentence(paraphrase)];
  if (wanted === null || said === null) return false;
  if (wanted.pair !== said.pair || wanted.attributes.size !== said.attributes.size) return false;
  return [...wanted.attributes].every(([axis, { sign, placed, relative }]) => {
    const own = said.attributes.get(axis);
    return own?.sign === sign && (!placed || own.placed === true) && (wanted.pair || own.relative === relative);
  });
}

function readSentence(sentence: string): Read | null {
  const phrases = phrasesOf(sentence);
  if (phrases === null || phrases.length > mostPhrases) return null;
  const symbols = phrases.map(({ symbol }) => symbol).join('');
  const pair = /[FS]/.test(symbols);
  if (!(pair ? ofTwo : ofOne).test(symbols)) return null;
  const attributes = attributesIn(phrases);
  return attributes && { pair, attributes };
}

/** The sentence cut into the longest known phrases; null where there is anything else in it. */
function phrasesOf(sentence: string): Phrase[] | null {
  const text = sentence.toLowerCase().trim().replace(/ ?\.$/, '');
  // Any other sign, letters of other alphabets among them, is not understood.
  if (!/^[a-z ,;-]+$/.test(text)) return null;
  const tokens = text.match(/[a-z-]+|[,;]/g) ?? [];
  const phrases: Phrase[] = [];
  /** What is spoken of: a photograph, its subject, its colours or everything in it. */
  let topic = '';
  for (let at = 0; at < tokens.length;) {
    // 'The subject is soft and it is dark': is the photograph?
    if (/[TKE]/.test(topic) && tokens[at] === 'it') return null;
    let length = Math.min(longestPhrase, tokens.length - at);
    let found: Phrase | null = null;
    for (; length > 0 && found === null; length--) found = phraseOf(tokens.slice(at, at + length).join(' '), topic);
    if (found === null) return null;
    const { symbol } = found;
    if (/[TKE]/.test(symbol) || (/[IFS]/.test(symbol) && !/[oX]/.test(phrases.at(-1)?.symbol ?? ''))) topic = symbol;
    phrases.push(found);
    at += length + 1;
  }
  return phrases;
}

function phraseOf(words: string, topic: string): Phrase | null {
  for (const [symbol, known] of topic === 'T' ? [...subjectParts, ...attributeParts] : attributeParts) {
    const attribute = placed(known.get(words), topic);
    if (attribute !== undefined) return { symbol, attribute };
  }
  const symbol = parts.find(([, pattern]) => pattern.test(words))?.[0];
  return symbol === undefined ? null : { symbol };
}

/** An attribute where the subject, the colours or everything is spoken of; undefined where it has no such thing. */
function placed(attribute: Attribute | undefined, topic: string): Attribute | undefined {
  if (attribute === undefined) return undefined;
  if (topic === 'T') return ofSubject(attribute);
  if (topic === 'K') return attribute.axis === 'saturation' ? attribute : undefined;
  if (topic === 'E') return attribute.axis.startsWith('subject') ? undefined : attribute;
  return attribute;
}

/** Each attribute with the direction it has in the first photograph. Null: contradictions, and words that do not fit. */
function attributesIn(phrases: readonly Phrase[]): Map<MeaningAxis, Attribute> | null {
  const found = new Map<MeaningAxis, Attribute>();
  let subject = subjectOf(phrases);
  let low = false;
  for (const [i, { symbol, attribute }] of phrases.entries()) {
    if (symbol === 'F' || symbol === 'S') {
      const before = `${phrases[i - 2]?.symbol ?? ''}${phrases[i - 1]?.symbol ?? ''}`;
      if (!/Xo?$/.test(before)) subject = symbol;
      else if (symbol === subject) return null;
    }
    if (attribute === undefined) continue;
    // 'low contrast and noise': of which is little said?
    if (low && attribute.bare) return null;
    low ||= symbol === 'N' && attribute.sign < 0;
    const sign = (attribute.sign * (subject === 'S' ? -1 : 1)) as 1 | -1;
    if (found.has(attribute.axis) && found.get(attribute.axis)!.sign !== sign) return null;
    found.set(attribute.axis, { ...attribute, sign, relative: symbol === 'C' || symbol === 'M' });
  }
  return found.size === 0 ? null : found;
}

/** The first photograph named that is not what another is compared with. */
function subjectOf(phrases: readonly Phrase[]): string {
  const symbols = phrases.map(({ symbol }) => symbol).join('');
  return /[FS]/.exec(symbols.replace(/Xo?[FS]/g, ''))?.[0] ?? '';
}
