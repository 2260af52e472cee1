// A time axis in pixels: where a moment lies, and which moments are named.

export interface TimeAxis {
  readonly fromMs: number;
  readonly toMs: number;
  /** Pixels of the first and the last moment. */
  readonly left: number;
  readonly right: number;
}

export function placeAt({ fromMs, toMs, left, right }: TimeAxis, ms: number): number {
  const share = (ms - fromMs) / Math.max(1, toMs - fromMs);
  return left + Math.min(1, Math.max(0, share)) * (right - left);
}

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];
const steps = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 6, 12].map((count) => count * hour),
  ...[1, 2, 5, 10, 20, 50, 100].map((count) => count * day),
];
const pixelsBetween = 80;

/** Moments a round time after `startMs`, far enough apart to be named. */
export function ticksOf(axis: TimeAxis, startMs: number): { readonly x: number; readonly text: string }[] {
  const { fromMs, toMs, left, right } = axis;
  const wanted = ((toMs - fromMs) * pixelsBetween) / Math.max(1, right - left);
  const step = steps.find((one) => one >= wanted) ?? steps.at(-1)!;
  const first = Math.ceil((fromMs - startMs) / step);
  const count = Math.max(0, Math.floor((toMs - startMs) / step) - first + 1);
  return Array.from({ length: count }, (_, i) => {
    const after = (first + i) * step;
    return { x: placeAt(axis, startMs + after), text: span(after) };
  });
}

/** `1 m 30 s`, the three largest parts. */
export function span(ms: number): string {
  const parts = [
    [Math.floor(ms / day), 'd'],
    [Math.floor((ms % day) / hour), 'h'],
    [Math.floor((ms % hour) / minute), 'm'],
    [Math.round((ms % minute) / second), 's'],
  ] as const;
  const shown = parts.filter(([count]) => count > 0).slice(0, 3);
  return shown.length === 0 ? '0 s' : shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
}
