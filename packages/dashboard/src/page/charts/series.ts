// How a curve is drawn and told from others: colours by row that people who see colours differently can tell apart, dashes
// by seed; and how it is smoothed.
import type { StageLine } from '../../api/runs.ts';

export interface CurveStyle {
  /** Name of a colour of page.css. */
  readonly color: string;
  readonly dash: readonly number[];
}

/** Okabe and Ito's palette (jfly.uni-koeln.de/color), without the yellow that white swallows. */
const colors = ['--blue', '--vermillion', '--green', '--purple', '--orange', '--sky', '--text'];
const dashes: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4]];

/** Rows of one chart that can be told apart. */
export const numStyles = colors.length;

/** Of a row that stands for all its seeds: told from others by both, also in print. */
export const styleOfRow = (position: number): CurveStyle => ({
  color: colors[position % colors.length]!,
  dash: dashes[position % dashes.length]!,
});

/** Of a row, by its number. */
export const colorAt = (row: number): string => colors[row % colors.length]!;

/** @param position Of the stage among `all` that have curves. */
export function styleOf(stage: StageLine, all: readonly StageLine[], position: number): CurveStyle {
  const trial = stage.trials[0];
  const rows = [...new Set(all.map(({ trials }) => trials[0]?.row))];
  const seeds = [...new Set(all.map(({ trials }) => trials[0]?.seed))];
  // Without trials of their own, stages are told apart by their order alone.
  const row = trial === undefined ? position : rows.indexOf(trial.row);
  const seed = trial === undefined ? 0 : seeds.indexOf(trial.seed);
  return { color: colorAt(row), dash: dashes[seed % dashes.length]! };
}

/**
 * The mean of all values so far, each weighing `weight` times as much as the one behind it; without the pull of a start
 * value.
 * @param weight 0: as it is; below 1.
 */
export function smoothed(values: readonly (number | null)[], weight: number): (number | null)[] {
  if (weight === 0) return [...values];
  let [sum, total] = [0, 0];
  return values.map((value) => {
    if (value === null) return null;
    sum = sum * weight + value;
    total = total * weight + 1;
    return sum / total;
  });
}
