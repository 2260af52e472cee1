// The server's curves and bands as charts have them: those of one name in one chart. Pure.
import type { Band, Curve, StageLine } from '../../api/runs.ts';
import { colorAt, styleOf, type CurveStyle } from './series.ts';

type Point = readonly [step: number, value: number | null];

export interface ChartCurve {
  readonly id: string;
  readonly label: string;
  readonly style: CurveStyle;
  readonly points: readonly Point[];
  /** What lies between them is shaded; points of the same steps. */
  readonly between?: readonly [least: readonly Point[], greatest: readonly Point[]];
}

export interface NamedChart {
  readonly name: string;
  readonly curves: readonly ChartCurve[];
}

export function chartsOfCurves(curves: readonly Curve[], stages: readonly StageLine[]): NamedChart[] {
  const own = stages.filter(({ key }) => curves.some(({ stage }) => stage === key));
  return namesOf(curves).map((name) => ({
    name,
    curves: own.flatMap((stage, position) =>
      curves
        .filter((curve) => curve.stage === stage.key && curve.name === name)
        .map(({ item, points }) => ({
          id: `${stage.key} ${item}`,
          label: item === 0 ? stage.label : `${stage.label} [${item}]`,
          style: styleOf(stage, own, position),
          points,
        })),
    ),
  }));
}

export function chartsOfBands(bands: readonly Band[]): NamedChart[] {
  const labels = [...new Set(bands.map(({ label }) => label))];
  return namesOf(bands).map((name) => ({
    name,
    curves: bands
      .filter((band) => band.name === name)
      .map(({ label, seeds, points }) => ({
        id: label,
        label: `${label}, mean of ${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'}`,
        style: { color: colorAt(labels.indexOf(label)), dash: [] },
        points: points.map(([step, mean]) => [step, mean] as const),
        between: [
          points.map(([step, , least]) => [step, least] as const),
          points.map(([step, , , most]) => [step, most] as const),
        ],
      })),
  }));
}

/** The loss first. */
function namesOf(all: readonly { readonly name: string }[]): string[] {
  return [...new Set(all.map(({ name }) => name))].sort(
    (a, b) => Number(b.endsWith('loss')) - Number(a.endsWith('loss')) || a.localeCompare(b),
  );
}

/** New points of curves, by their ids. A point told twice keeps its place. */
export function withPoints(old: Curve[], fresh: ReadonlyMap<number, Curve['points']>): Curve[] {
  if (!old.some(({ id }) => fresh.has(id))) return old;
  return old.map((curve) => {
    const more = fresh.get(curve.id);
    if (more === undefined) return curve;
    const points = new Map([...curve.points, ...more]);
    return { ...curve, points: [...points].sort(([a], [b]) => a - b) };
  });
}
