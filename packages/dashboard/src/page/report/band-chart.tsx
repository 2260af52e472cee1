// A metric of training over steps: of each row the mean over its seeds, and a band from the least to the greatest of them.
import type { RowCurve } from '@calm-orch/report';
import { axisOf, type Axis } from '@calm-orch/report/axis';
import { thinned } from '../charts/numbers-behind.tsx';
import { styleOfRow } from '../charts/series.ts';
import { shortNumber } from '../parts/format.ts';
import { place, Plot } from './plot.tsx';

/** Lines of the table behind. */
const maxLines = 24;

export function BandChart({ title, rows }: { readonly title: string; readonly rows: readonly RowCurve[] }) {
  const x = axisOf(rows.flatMap(({ points }) => points.map(([step]) => step)));
  const y = axisOf(rows.flatMap(valuesOf).flat());
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <Plot x={x} y={y} xLabel="step" label={`${title} over steps; the numbers are in the table below`}>
        {rows.map((row, i) => (
          <Band key={row.row} row={row} x={x} y={y} color={styleOfRow(i).color} dash={styleOfRow(i).dash} />
        ))}
      </Plot>
      <ul class="legend">
        {rows.map(({ row, numCurves, points: own }, i) => (
          <li key={row}>
            <svg width="22" height="8" aria-hidden="true">
              <line
                x1="0"
                x2="22"
                y1="4"
                y2="4"
                style={{ stroke: `var(${styleOfRow(i).color})` }}
                stroke-dasharray={styleOfRow(i).dash.join(' ')}
              />
            </svg>
            <span>
              {row}
              {numCurves > 1 && <span class="quiet"> ({numCurves} seeds)</span>}
            </span>
            <span class="number">{shortNumber(own.at(-1)![1])}</span>
          </li>
        ))}
      </ul>
      <details>
        <summary>The numbers of {title}</summary>
        {rows.map((row) => (
          <Numbers key={row.row} title={title} row={row} />
        ))}
      </details>
    </figure>
  );
}

interface BandProps {
  readonly row: RowCurve;
  readonly x: Axis;
  readonly y: Axis;
  readonly color: string;
  readonly dash: readonly number[];
}

function Band({ row: { numCurves, points }, x, y, color, dash }: BandProps) {
  const at = (step: number, value: number): string => `${place(x.percent(step))} ${place(100 - y.percent(value))}`;
  const line = (which: 1 | 2 | 3) => points.map((point) => at(point[0], point[which]));
  const ends = points.length === 1 ? 'h0' : '';
  return (
    <>
      {numCurves > 1 && (
        <path class="band" style={{ fill: `var(${color})` }} d={`M${[...line(2), ...line(3).reverse()].join('L')}Z`} />
      )}
      <path
        class="mean"
        style={{ stroke: `var(${color})` }}
        stroke-dasharray={dash.join(' ')}
        d={`M${line(1).join('L')}${ends}`}
      />
    </>
  );
}

/** What is shown of each point: of one seed its mean alone. */
const valuesOf = ({ numCurves, points }: RowCurve): number[][] =>
  points.map(([, mean, ...range]) => (numCurves > 1 ? [mean, ...range] : [mean]));

function Numbers({ title, row: curve }: { readonly title: string; readonly row: RowCurve }) {
  const { row, numCurves, points } = curve;
  const heads = numCurves > 1 ? ['mean', 'least', 'greatest'] : ['value'];
  const values = valuesOf(curve);
  const lines = points.map(([step], i) => [step, values[i]!] as const);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`${title}, ${row}`}>
      <table>
        <caption>{row}</caption>
        <thead>
          <tr>
            {['step', ...heads].map((head) => (
              <th key={head} scope="col" class="number">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {thinned(lines, maxLines).map(([step, cells]) => (
            <tr key={step}>
              <th scope="row" class="number">
                {step}
              </th>
              {cells.map((value, i) => (
                <td key={i} class="number">
                  {shortNumber(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
