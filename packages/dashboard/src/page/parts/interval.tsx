// A difference with its interval, drawn on an axis that several share.

interface Comparison {
  readonly difference: number;
  readonly interval: readonly [low: number, high: number];
  /** The paper's; null: none is drawn. */
  readonly effect: number | null;
}

/** From a difference to a place in percent of the width, zero always within. */
export function scaleOf(comparisons: readonly Comparison[]): (difference: number) => number {
  const all = [0, ...comparisons.flatMap(({ interval, effect, difference }) => [...interval, difference, effect ?? 0])];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  return (difference) => 4 + (92 * (difference - low)) / (high - low || 1);
}

export function Interval({
  difference,
  interval: [low, high],
  effect,
  scale,
  label,
}: Comparison & { readonly scale: (difference: number) => number; readonly label: string }) {
  const at = (value: number): string => `${scale(value)}%`;
  return (
    <svg class="interval" height="24" role="img" aria-label={label}>
      <line class="zero" x1={at(0)} x2={at(0)} y1="0" y2="24" />
      <line class="bar" x1={at(low)} x2={at(high)} y1="12" y2="12" />
      <circle class="ours" cx={at(difference)} cy="12" r="4.5" />
      {effect !== null && (
        <svg x={at(effect)} y="12" overflow="visible">
          <path class="theirs" d="M0 -6 L6 0 L0 6 L-6 0 Z" />
        </svg>
      )}
    </svg>
  );
}
