// Axes of what is drawn in terminals and in reports: where values lie, and at which of them a tick stands. Outside this
// package it is `@calm-orch/report/axis`, which imports nothing, as the page in the browser takes its words for ticks.

export interface Axis {
  readonly low: number;
  readonly high: number;
  /** At round values within. */
  readonly ticks: readonly number[];
  /** 0 at `low`, 100 at `high`. */
  percent(value: number): number;
}

/** As wide as the values, a little more where they are all the same. @param count Ticks, about. */
export function axisOf(values: readonly number[], count = 5): Axis {
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const room = least === most ? Math.abs(least) / 10 || 1 : 0;
  const [low, high] = [least - room, most + room];
  const between = roundStep((high - low) / count);
  const first = Math.ceil(low / between);
  const ticks = Array.from({ length: Math.max(0, Math.floor(high / between) - first + 1) }, (_, i) =>
    Number(((first + i) * between).toPrecision(12)),
  );
  return { low, high, ticks, percent: (value) => (100 * (value - low)) / (high - low) };
}

/** The least of 1, 2 and 5 times a power of ten that is not below `width`. */
function roundStep(width: number): number {
  const ten = 10 ** Math.floor(Math.log10(width));
  return [1, 2, 5, 10].map((factor) => factor * ten).find((step) => step >= width * (1 - 1e-9))!;
}

export const tickText = (tick: number): string =>
  tick !== 0 && (Math.abs(tick) < 1e-3 || Math.abs(tick) >= 1e5)
    ? tick.toExponential(0)
    : String(Number(tick.toPrecision(6)));
