// Attention in words, for those who cannot see it. Pure.
import type { AttentionLine } from '../../api/try.ts';

/** Patches with the greatest shares, the greatest first. */
export function strongest({ patches }: Pick<AttentionLine, 'patches'>, count: number) {
  return patches
    .map((share, at) => ({ at, share }))
    .sort((a, b) => b.share - a.share || a.at - b.at)
    .slice(0, count);
}

/** `upper left (row 1, column 2 of 8)`. */
export function placeWords(at: number, side: number): string {
  const [row, column] = [Math.floor(at / side), at % side];
  const third = (i: number, words: readonly string[]): string => words[Math.floor(((i + 0.5) * 3) / side)]!;
  const down = third(row, ['upper', 'middle', 'lower']);
  const across = third(column, ['left', 'middle', 'right']);
  const words = down === 'middle' && across === 'middle' ? 'centre' : `${down} ${across}`;
  return `${words} (row ${row + 1}, column ${column + 1} of ${side})`;
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
