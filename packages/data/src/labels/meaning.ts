// What a pseudo-label says, whatever its words: which attributes, in which direction, of which photograph. A sentence that
// is not understood without doubt has no meaning here: a paraphrase is trained on only if it surely says what its
// template says, and a good one that is refused costs nothing but variety.
import { meaningWords, type MeaningAxis } from './meaning-words.ts';

/** +1: more of it in the first photograph (or the only one); -1: less. */
export type Meaning = ReadonlyMap<MeaningAxis, 1 | -1>;

interface Said {
  readonly axis: MeaningAxis;
  readonly sign: 1 | -1;
  /** Place of its first word. */
  readonly at: number;
}

const negations = /\b(?:not|no|never|neither|nor|without|hardly|barely|cannot)\b|n['’]t\b/;
const comparing = new Set(['than', 'compared', 'comparison', 'relative', 'unlike', 'against', 'versus']);
const flips = new Set(
  'less lower low reduced decreased weaker weak lacks lacking fewer insufficient diminished poor poorer'.split(' '),
);
const badly = new Set(['badly', 'poorly', 'wrongly']);
const aboutSubject = new Set(['subject', 'subjects']);
const joins = new Set(['and', ',', 'or']);

/** Null where the sentence says nothing known, contradicts itself, denies something, or can be read in two ways. */
export function meaningOf(sentence: string): Meaning | null {
  const text = sentence
    .toLowerCase()
    .replaceAll(/\bin contrast (?=to\b|with\b)/g, 'compared ')
    .replaceAll(/\b(out of|in) focus\b/g, (_, how: string) => (how === 'in' ? 'focused' : 'unfocused'))
    .replaceAll(/\bcut[- ]off\b/g, 'cutoff')
    .replaceAll(/\b(over|under|de|un)-(?=[a-z])/g, '$1');
  if (negations.test(text)) return null;
  const tokens = text.match(/[a-z]+|[,.;:]/g) ?? [];
  const said = attributesIn(tokens);
  if (said === null || said.length === 0) return null;
  const places = tokens.flatMap((token, at) =>
    token === 'first' || token === 'second' ? [{ at, sign: token === 'first' ? (1 as const) : (-1 as const) }] : [],
  );
  const spokenOf = places.filter(({ at }, i) => !isCompared(tokens, at, places[i - 1]?.at ?? -1));
  if (places.length > 0 && spokenOf.length === 0) return null;
  const meaning = new Map<MeaningAxis, 1 | -1>();
  for (const { axis, sign, at } of said) {
    const place = spokenOf.findLast((one) => one.at < at) ?? spokenOf[0];
    const own = (sign * (place?.sign ?? 1)) as 1 | -1;
    if (meaning.has(axis) && meaning.get(axis) !== own) return null;
    meaning.set(axis, own);
  }
  return meaning;
}

/** Whether a paraphrase says what its template says: the same attributes in the same direction, of one or of two photographs. */
export function keepsMeaning(template: string, paraphrase: string): boolean {
  const [wanted, said] = [meaningOf(template), meaningOf(paraphrase)];
  if (wanted === null || said === null || wanted.size !== said.size) return false;
  const isPair = (text: string): boolean => /\b(?:first|second)\b/i.test(text);
  if (isPair(template) !== isPair(paraphrase)) return false;
  return [...wanted].every(([axis, sign]) => said.get(axis) === sign);
}

/** 'than the second': the photograph compared with, not the one spoken of. */
function isCompared(tokens: readonly string[], at: number, before: number): boolean {
  return tokens.slice(Math.max(before + 1, at - 4), at).some((token) => comparing.has(token));
}

/** Null where a 'less' may or may not reach over an 'and'. */
function attributesIn(tokens: readonly string[]): Said[] | null {
  const found = tokens.flatMap((token, at) => {
    const word = meaningWords.get(token);
    return word === undefined ? [] : [{ ...word, at }];
  });
  const said: Said[] = [];
  for (const [i, { axis, sign, at }] of found.entries()) {
    const [before, after] = [found[i - 1]?.at ?? -1, found[i + 1]?.at ?? tokens.length];
    const leading = untilMark(tokens.slice(Math.max(before + 1, at - 3), at).reverse());
    const trailing = untilMark(tokens.slice(at + 1, Math.min(after, at + 5)));
    const flipped =
      leading.slice(0, 2).some((token) => flips.has(token)) || (axis === 'subject blur' && badly.has(leading[0] ?? ''));
    const bare = !/er$/.test(tokens[at]!) && !leading.includes('more') && !flipped;
    const reached = before >= 0 && tokens.slice(before + 1, at).every((token) => joins.has(token));
    if (bare && reached && tokens.slice(Math.max(0, before - 2), before).includes('less')) return null;
    const ofSubject = [...leading, ...trailing].some((token) => aboutSubject.has(token));
    said.push({
      axis: axis === 'blur' && ofSubject ? 'subject blur' : axis,
      sign: flipped ? (-sign as 1 | -1) : sign,
      at,
    });
  }
  return said;
}

/** Up to the next comma, 'and' or comparison: what lies behind belongs to something else. */
function untilMark(tokens: readonly string[]): readonly string[] {
  const mark = tokens.findIndex((token) => joins.has(token) || comparing.has(token) || /^[.;:]$/.test(token));
  return mark < 0 ? tokens : tokens.slice(0, mark);
}
