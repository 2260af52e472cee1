// Curves of training and predictions of a run, drawn in characters.
import { plot, type Settings } from 'simple-ascii-chart';
import { axisOf, tickText, type Axis } from '@calm-orch/report/axis';
import type { RowCurve, RunChart } from '@calm-orch/report';
import { somePoints, type Scores } from '../report/scores.ts';

export interface RunPlots {
  readonly run: string;
  readonly charts: readonly RunChart[];
  /** null: nothing was scored (yet). */
  readonly scores: Scores | null;
}

/** What is beside the plot in a line: numbers of the y axis, and the axis. */
const margin = 12;
const widest = 100;
const narrowest = 20;
const height = 10;
/** More points are no more to see. */
const maxPoints = 400;

/** Columns of a plot on a terminal so wide. */
export const plotWidth = (columns: number): number => Math.max(narrowest, Math.min(widest, columns) - margin);

/** Of a chart's rows: told apart by colours, or each in a plot of its own. */
export function plotsText({ charts, scores }: RunPlots, columns: number, color: boolean): string {
  const width = plotWidth(columns);
  const drawn = charts.flatMap(({ stage, metric, rows }) => {
    const title = `${metric} of ${stage}`;
    if (color) return parts(rows).map((part) => curvePlot(title, part, width, color));
    return rows.map((row) => curvePlot(`${title}, ${row.row}`, [row], width, color));
  });
  const all = scores === null ? drawn : [...drawn, scorePlot(scores, width, color)];
  return all.length === 0 ? 'No stage has recorded a curve, and nothing was scored (yet).' : all.join('\n\n');
}

const colors = ['ansiBlue', 'ansiYellow', 'ansiGreen', 'ansiMagenta', 'ansiCyan', 'ansiRed'] as const;

const parts = (rows: readonly RowCurve[]): RowCurve[][] =>
  Array.from({ length: Math.ceil(rows.length / colors.length) }, (_, i) =>
    rows.slice(i * colors.length, (i + 1) * colors.length),
  );

function curvePlot(title: string, rows: readonly RowCurve[], width: number, color: boolean): string {
  const points = rows.flatMap((row) => row.points);
  const name = ({ row, numCurves }: RowCurve): string => (numCurves > 1 ? `${row} (mean of ${numCurves} seeds)` : row);
  return draw(
    color ? title : `${title}${rows[0]!.numCurves > 1 ? `, mean of ${rows[0]!.numCurves} seeds` : ''}`,
    rows.map((row) => row.points.map(([step, mean]) => [step, mean])),
    { x: axisOf(points.map(([step]) => step)), y: axisOf(points.map(([, mean]) => mean)) },
    {
      width,
      height,
      ...(color && {
        color: colors.slice(0, rows.length),
        legend: { position: 'bottom', series: rows.map(name) },
      }),
    },
  );
}

function scorePlot(scores: Scores, width: number, color: boolean): string {
  const points = somePoints(scores.photographs, maxPoints);
  const axis = axisOf(points.flat());
  return draw(
    `prediction against people's score of ${scores.photographs.length} photographs, ${scores.by}`,
    [points.map(([score, prediction]) => [score, prediction])],
    { x: axis, y: axis },
    { width, height: 2 * height, mode: 'point', ...(color && { color: [colors[0]] }) },
  );
}

function draw(
  title: string,
  series: [number, number][][],
  { x, y }: { readonly x: Axis; readonly y: Axis },
  settings: Settings,
): string {
  const text = plot(series, {
    ...settings,
    customXAxisTicks: [...x.ticks],
    customYAxisTicks: [...y.ticks],
    formatter: (value) => tickText(value),
  });
  // The library ends lines with spaces, and itself with empty lines.
  return [title, ...text.split('\n').map((line) => line.trimEnd())].filter((line) => line !== '').join('\n');
}

/** `[step, mean, least, greatest]` over seeds; `[score, prediction]`. */
export function plotsJson({ run, charts, scores }: RunPlots): unknown {
  return {
    run,
    curves: charts.map(({ stage, metric, rows }) => ({
      stage,
      metric,
      rows: rows.map(({ row, numCurves, points }) => ({ row, curves: numCurves, points })),
    })),
    scores: scores && {
      by: scores.by,
      photographs: scores.photographs.map(({ id, target, prediction }) => ({ id, score: target, prediction })),
    },
  };
}
