// The table behind a chart: the numbers as recorded, some hundred steps of them, the first and the last always among them.
import { Behind } from '../parts/behind.tsx';
import type { ChartCurve } from './chart-curves.ts';

const maxLines = 200;

interface Props {
  readonly title: string;
  readonly curves: readonly ChartCurve[];
}

export function NumbersBehind({ title, curves }: Props) {
  const columns = curves.flatMap(({ label, points, between }) => [
    { label, points },
    ...(between ?? []).map((one, i) => ({ label: `${label}: ${i === 0 ? 'least' : 'greatest'}`, points: one })),
  ]);
  const steps = [...new Set(curves.flatMap(({ points }) => points.map(([step]) => step)))].sort((a, b) => a - b);
  return (
    <Behind
      summary={`The numbers of ${title}`}
      heads={['Step', ...columns.map(({ label }) => label)]}
      note={steps.length > maxLines ? `${maxLines} of ${steps.length} steps.` : undefined}
      rows={() => {
        const values = columns.map(({ points }) => new Map(points));
        return thinned(steps, maxLines).map((step) => [
          step,
          ...values.map((own) => own.get(step) ?? (own.has(step) ? 'not finite' : '')),
        ]);
      }}
    />
  );
}

/** At most `count`, evenly apart, with the first and the last. */
export function thinned<T>(values: readonly T[], count: number): T[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, i) => values[Math.round((i * (values.length - 1)) / (count - 1))]!);
}
