// A quantity over time as an SVG path: of each pixel the greatest value, so that no peak is lost. Pure.
import { placeAt, type TimeAxis } from './time-axis.ts';

/** Share of the height, 0 to 1, at a time. */
export type SharePoint = readonly [atMs: number, share: number];

/** Two paths, of the line and of the area below it; a silence of more than `gapMs` is a gap. */
export function areaOf(
  points: readonly SharePoint[],
  axis: TimeAxis,
  height: number,
  gapMs: number,
): { readonly line: string; readonly area: string } {
  const runs: [x: number, y: number][][] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const [atMs, share] of points) {
    if (atMs < axis.fromMs || atMs > axis.toMs) continue;
    const [x, y] = [Math.round(placeAt(axis, atMs)), height * (1 - Math.min(1, Math.max(0, share)))];
    if (atMs - lastMs > gapMs) runs.push([]);
    lastMs = atMs;
    const run = runs.at(-1)!;
    const last = run.at(-1);
    if (last?.[0] === x) last[1] = Math.min(last[1], y);
    else run.push([x, y]);
  }
  const lines = runs.map((run) => run.map(([x, y]) => `${x} ${y.toFixed(1)}`).join(' L'));
  return {
    line: lines.map((line) => `M${line}`).join(' '),
    area: lines
      .map((line, i) => `M${runs[i]![0]![0]} ${height} L${line} L${runs[i]!.at(-1)![0]} ${height} Z`)
      .join(' '),
  };
}
