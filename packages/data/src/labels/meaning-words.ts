// The words that name an attribute in a pseudo-label or in a paraphrase of one, by what they say more (+1) or less (-1) of.
// Words that name two attributes ('hazy', 'washed out', 'clear') are left out: a sentence with one is not understood.
const words = {
  noise: { more: 'noisy noisier noisiest noise grainy grainier grain graininess speckled', less: 'clean cleaner' },
  compression: { more: 'compressed compression blocky blockier blocks blockiness', less: '' },
  blur: {
    more: 'blurry blurrier blurred blur blurring blurriness fuzzy fuzzier soft softer unsharp softness',
    less: 'sharp sharper sharpness crisp crisper crispness',
  },
  pixelation: { more: 'pixelated pixellated pixelation', less: '' },
  brightness: {
    more: 'bright brighter brightness overexposed overexposure overbright lighter',
    less: 'dark darker darkness darkened underexposed underexposure dim dimmer',
  },
  saturation: {
    more: 'vivid saturated saturation oversaturated colorful colourful vibrant vibrancy vividness',
    less: 'dull duller dullness pale paler desaturated undersaturated muted',
  },
  contrast: { more: 'contrast contrasty', less: 'flat flatter flatness' },
  'subject blur': { more: 'unfocused misfocused defocused', less: 'focused' },
  'subject masked': { more: 'hidden covered obscured masked concealed occluded', less: '' },
  crop: { more: 'cropped cutoff truncated', less: 'complete' },
} as const;

export type MeaningAxis = keyof typeof words;

export interface MeaningWord {
  readonly axis: MeaningAxis;
  readonly sign: 1 | -1;
}

export const meaningWords: ReadonlyMap<string, MeaningWord> = new Map(
  Object.entries(words).flatMap(([axis, { more, less }]) =>
    [[more, 1] as const, [less, -1] as const].flatMap(([list, sign]) =>
      list.split(' ').flatMap((word) => (word === '' ? [] : [[word, { axis: axis as MeaningAxis, sign }] as const])),
    ),
  ),
);
