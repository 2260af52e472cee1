// Five words for how good a photograph is, and what each weighs where a score is read from their probabilities: the
// rating levels of ITU-R BT.500 with the weights of Q-Align (Wu et al. 2023) and UNIAA, whose name for it is wa5.

export const levelWords = { excellent: 1, good: 0.75, fair: 0.5, poor: 0.25, bad: 0 } as const;

export type LevelWord = keyof typeof levelWords;

/** The word of a score among scores from `min` to `max`: five equal intervals, borders with the lower one. */
export function levelWordOf(score: number, { min, max }: { readonly min: number; readonly max: number }): LevelWord {
  const words = Object.keys(levelWords).reverse() as LevelWord[];
  const fifth = Math.ceil(((score - min) / (max - min)) * words.length) - 1;
  return words[Math.min(words.length - 1, Math.max(0, Number.isNaN(fifth) ? 2 : fifth))]!;
}
