// The words a pseudo-label or a paraphrase of one may use for an attribute, by what they say more (+1) or less (-1) of.
// Words that can mean two things ('hazy', 'washed out', 'clear', 'light') are left out: a sentence with one is not understood.

export type MeaningAxis =
  | 'noise'
  | 'compression'
  | 'blur'
  | 'pixelation'
  | 'brightness'
  | 'saturation'
  | 'contrast'
  | 'subject blur'
  | 'subject masked'
  | 'crop';

export interface Attribute {
  readonly axis: MeaningAxis;
  readonly sign: 1 | -1;
  /** The words say that it is the subject. */
  readonly placed?: boolean;
  /** A noun without a word of how much. */
  readonly bare?: boolean;
  /** The words compare: 'darker', not 'dark'. */
  readonly relative?: boolean;
}

type Table = Partial<Record<MeaningAxis, { readonly more?: string; readonly less?: string }>>;

/** Of one photograph: 'dark', 'too dark'. */
const adjectives: Table = {
  noise: { more: 'noisy|grainy|full of noise|full of grain' },
  compression: { more: 'compressed|blocky|over-compressed|overcompressed|full of blocks' },
  blur: { more: 'blurry|blurred|fuzzy|unsharp' },
  pixelation: { more: 'pixelated|pixellated' },
  brightness: { more: 'bright|overexposed|over-exposed', less: 'dark|underexposed|under-exposed|dim' },
  saturation: {
    more: 'vivid|saturated|oversaturated|over-saturated|vibrant|colorful|colourful',
    less: 'dull|pale|muted|desaturated|undersaturated|under-saturated',
  },
  contrast: { more: 'high in contrast|high-contrast', less: 'flat|low in contrast|low-contrast' },
  'subject blur': { more: 'out of focus|out-of-focus|unfocused|defocused|badly focused|poorly focused' },
  'subject masked': { more: 'covered|obscured' },
  crop: { more: 'cropped|badly cropped|poorly cropped|cut off|cut-off' },
};

/** Of two: 'darker'. */
const comparatives: Table = {
  noise: { more: 'noisier|grainier', less: 'cleaner' },
  compression: { more: 'blockier' },
  blur: { more: 'blurrier|fuzzier', less: 'sharper|crisper' },
  brightness: { more: 'brighter|lighter|higher in brightness', less: 'darker|dimmer|lower in brightness' },
  saturation: { more: 'higher in saturation', less: 'duller|paler|lower in saturation' },
  contrast: { more: 'higher in contrast', less: 'flatter|lower in contrast' },
};

/** After 'more' (or, turned round, 'less'). */
const gradable: Table = {
  noise: { more: 'noisy|grainy' },
  compression: { more: 'compressed|blocky' },
  blur: { more: 'blurry|blurred|fuzzy', less: 'sharp|crisp' },
  pixelation: { more: 'pixelated|pixellated' },
  brightness: { more: 'bright', less: 'dark|dim' },
  saturation: { more: 'vivid|saturated|vibrant|colorful|colourful', less: 'dull|pale|muted|desaturated' },
  contrast: { less: 'flat' },
  'subject blur': { more: 'out of focus|out-of-focus|unfocused|defocused', less: 'focused|in focus' },
  'subject masked': { more: 'hidden|covered|obscured|concealed|masked' },
  crop: { more: 'cropped|cut off|cut-off', less: 'complete' },
};

/** 'more noise', 'too much noise'; those of defects also alone. */
const nouns: Table = {
  noise: { more: 'noise|grain|graininess|image noise' },
  compression: { more: 'compression|compression artifacts|compression artefacts|blockiness' },
  blur: { more: 'blur|blurriness', less: 'sharpness' },
  pixelation: { more: 'pixelation' },
  brightness: { more: 'brightness' },
  saturation: { more: 'saturation|color saturation|colour saturation' },
  contrast: { more: 'contrast' },
};

/** Nouns that say by themselves that there is too much. */
const defects: Table = {
  noise: nouns.noise!,
  compression: nouns.compression!,
  blur: { more: 'blur|blurriness' },
  pixelation: nouns.pixelation!,
};

function flatten(table: Table): Map<string, Attribute> {
  const found = new Map<string, Attribute>();
  for (const [axis, { more, less }] of Object.entries(table) as [MeaningAxis, Table[MeaningAxis] & {}][])
    for (const [list, sign] of [
      [more, 1],
      [less, -1],
    ] as const)
      for (const words of list?.split('|') ?? []) found.set(words, { axis, sign });
  return found;
}

const turned = ({ axis, sign }: Attribute): Attribute => ({ axis, sign: -sign as 1 | -1 });

/** Every phrase of `table` with words before it, which turn its sign round where they say less. */
function* led(table: Table, more: readonly string[], less: readonly string[]): Iterable<[string, Attribute]> {
  for (const [words, attribute] of flatten(table)) {
    for (const lead of more) yield [`${lead}${words}`, attribute];
    for (const lead of less) yield [`${lead}${words}`, turned(attribute)];
  }
}

/** What words say of an attribute of the subject; undefined where only a photograph can have it. */
export function ofSubject({ axis, sign }: Attribute): Attribute | undefined {
  if (axis === 'blur' || axis === 'subject blur') return { axis: 'subject blur', sign, placed: true };
  return axis === 'subject masked' ? { axis, sign, placed: true } : undefined;
}

/** The phrases about the subject, `said` as a function of the adjective. */
function* subjectPhrases(phrases: Iterable<[string, Attribute]>, said: (words: string) => readonly string[]) {
  for (const [words, attribute] of phrases) {
    const own = ofSubject(attribute);
    if (own !== undefined) for (const phrase of said(words)) yield [phrase, own] as [string, Attribute];
  }
}

function* colorPhrases(phrases: Iterable<[string, Attribute]>): Iterable<[string, Attribute]> {
  for (const [words, attribute] of phrases)
    if (attribute.axis === 'saturation')
      for (const noun of ['colors', 'colours']) yield [`${words} ${noun}`, attribute];
}

const too = ['', 'too ', 'overly ', 'excessively '];
const soft = (word: string): [string, Attribute] => [word, { axis: 'subject blur', sign: 1 }];
const states = [...led(adjectives, too, [])];
/** What only a subject is called, or means another thing of a photograph. */
const ofSubjects: Table = { 'subject masked': { more: 'hidden|concealed|masked' }, 'subject blur': { more: 'soft' } };
const subjectStates = [...states, ...led(ofSubjects, too, [])];
const compared = [...led(comparatives, [''], []), ...led(gradable, ['more '], ['less '])];
const subjectCompared = [...compared, soft('softer'), soft('more soft')];
const at = (words: string) => [`${words} at the subject`, `${words} on the subject`];
const withSubject = (words: string) => [/^[aeiou]/.test(words) ? `an ${words} subject` : `a ${words} subject`];

/** 'too dark', 'out of focus at the subject'. */
export const stateWords: ReadonlyMap<string, Attribute> = new Map([...states, ...subjectPhrases(subjectStates, at)]);
/** 'darker', 'less noisy', 'softer at the subject'. */
export const comparedWords: ReadonlyMap<string, Attribute> = new Map([
  ...compared,
  ...subjectPhrases(subjectCompared, at),
]);
/** What one photograph has: 'too much noise', 'low contrast', 'a blurry subject', 'dull colours'. */
export const nounStates: ReadonlyMap<string, Attribute> = new Map([
  ...led(nouns, ['too much ', 'excessive '], ['too little ', 'low ']),
  ...[...flatten(defects)].map(([words, attribute]) => [words, { ...attribute, bare: true }] as const),
  ['too many blocks', { axis: 'compression', sign: 1 }],
  ...subjectPhrases(subjectStates, withSubject),
  ...colorPhrases(states),
]);
/** What one has more of than the other: 'more noise', 'lower contrast', 'a softer subject', 'duller colours'. */
export const nounsCompared: ReadonlyMap<string, Attribute> = new Map([
  ...led(nouns, ['more ', 'higher ', 'a higher '], ['less ', 'lower ', 'a lower ', 'reduced ']),
  ['more blocks', { axis: 'compression', sign: 1 }],
  ['fewer blocks', { axis: 'compression', sign: -1 }],
  ['fewer compression artifacts', { axis: 'compression', sign: -1 }],
  ['fewer compression artefacts', { axis: 'compression', sign: -1 }],
  ...subjectPhrases(subjectCompared, withSubject),
  ...colorPhrases(compared),
]);
/** Said of a subject that is spoken of: 'the subject is soft', 'the subject is hidden'. */
export const subjectStateWords: ReadonlyMap<string, Attribute> = new Map(subjectStates);
export const subjectComparedWords: ReadonlyMap<string, Attribute> = new Map(subjectCompared);
