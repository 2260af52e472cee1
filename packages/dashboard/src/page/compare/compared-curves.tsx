// The curves of both runs, those of one metric and kind of stage in one chart: colours tell rows, dashes are B's.
import { useMemo, useState } from 'preact/hooks';
import type { ComparedChart } from '../../api/compare.ts';
import { Chart } from '../charts/chart.tsx';
import type { ChartCurve } from '../charts/chart-curves.ts';
import { colorAt } from '../charts/series.ts';
import type { Range } from '../run/step-range.tsx';

export function ComparedCurves({ charts }: { readonly charts: readonly ComparedChart[] }) {
  const stages = [...new Set(charts.map(({ stage }) => stage))];
  const [asked, setAsked] = useState<string | null>(null);
  const [isLog, setLog] = useState(false);
  const [range, setRange] = useState<Range | null>(null);
  const shown = asked ?? stages.at(-1);
  const drawn = useMemo(
    () =>
      charts
        .filter(({ stage }) => stage === shown)
        .map((chart) => ({ title: chart.metric, curves: curvesOf(chart, range) })),
    [charts, shown, range],
  );
  return (
    <section aria-labelledby="curves">
      <h2 id="curves">Curves</h2>
      {stages.length === 0 && <p class="nothing">Neither run has recorded a curve (yet).</p>}
      {stages.length > 0 && (
        <div class="controls">
          <label>
            <span>Stages</span>
            <select
              value={shown}
              onChange={({ currentTarget }) => {
                setAsked(currentTarget.value);
                setRange(null);
              }}
            >
              {stages.map((stage) => (
                <option key={stage}>{stage}</option>
              ))}
            </select>
          </label>
          <label class="check">
            <input type="checkbox" checked={isLog} onChange={({ currentTarget }) => setLog(currentTarget.checked)} />
            <span>Log scale</span>
          </label>
          {range !== null && (
            <button type="button" onClick={() => setRange(null)}>
              All steps
            </button>
          )}
        </div>
      )}
      <div class="charts">
        {drawn.map(({ title, curves }) => (
          <Chart key={`${shown} ${title}`} onRange={setRange} smoothing={0} {...{ title, curves, isLog }} />
        ))}
      </div>
    </section>
  );
}

function curvesOf({ rows }: ComparedChart, range: Range | null): ChartCurve[] {
  const names = [...new Set(rows.map(({ row }) => row))];
  return rows.map(({ run, row, numCurves, points: all }) => {
    const points = all.filter(([step]) => range === null || (range.from <= step && step <= range.to));
    return {
      id: `${run} ${row}`,
      label: `${run.toUpperCase()}, ${row}${numCurves > 1 ? `, mean of ${numCurves} seeds` : ''}`,
      style: { color: colorAt(names.indexOf(row)), dash: run === 'a' ? [] : [6, 3] },
      points: points.map(([step, mean]) => [step, mean] as const),
      between: [
        points.map(([step, , least]) => [step, least] as const),
        points.map(([step, , , most]) => [step, most] as const),
      ],
    };
  });
}
