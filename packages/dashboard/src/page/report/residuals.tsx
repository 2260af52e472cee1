// Predictions against people's scores: what lies on the line is right, what lies above it was scored too high.
import type { Axis } from '@calm-orch/report/axis';
import { dotsOf, residualPlot } from '../charts/residuals.ts';
import { Plot } from './plot.tsx';

interface Props {
  readonly points: readonly (readonly [truth: number, prediction: number])[];
  /** Of which these are some. */
  readonly numScored: number;
}

export function Residuals({ points, numScored }: Props) {
  const residuals = points.map(([truth, prediction]) => ['', truth, prediction] as const);
  const plot = residualPlot(residuals, { left: 0, right: 100, top: 0, bottom: 100 });
  const axis: Axis = { ...plot, percent: plot.x };
  const bins = binsOf(points);
  return (
    <figure class="chart scatter">
      <figcaption>
        Prediction against people's score
        {points.length < numScored && (
          <span class="quiet">
            {' '}
            ({points.length} of {numScored}, evenly over the scores)
          </span>
        )}
      </figcaption>
      <Plot
        x={axis}
        y={axis}
        xLabel="people's score"
        isSquare
        label="Predictions against people's scores; the table below has their errors by score"
      >
        <path class="equal" d="M0 100L100 0" />
        <path class="dots" d={dotsOf(residuals, plot)} />
      </Plot>
      <p class="quiet">On the dashed line a prediction is right; above it, too high.</p>
      <details>
        <summary>Errors by score</summary>
        <div class="scroll" tabIndex={0} role="region" aria-label="Errors by score">
          <table>
            <thead>
              <tr>
                {["people's score", 'photographs', 'mean prediction', 'mean error'].map((head) => (
                  <th key={head} scope="col" class="number">
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {bins.map(({ from: low, count, prediction, error }) => (
                <tr key={low}>
                  <th scope="row" class="number">
                    {low} to {low + 1}
                  </th>
                  <td class="number">{count}</td>
                  <td class="number">{prediction.toFixed(2)}</td>
                  <td class="number">{signed(error)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

export const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;

/** Points by whole scores. */
function binsOf(points: Props['points']) {
  const lows = [...new Set(points.map(([truth]) => Math.floor(truth)))].sort((a, b) => a - b);
  return lows.map((from) => {
    const own = points.filter(([truth]) => Math.floor(truth) === from);
    const mean = (of: (point: (typeof own)[number]) => number): number =>
      own.reduce((sum, point) => sum + of(point), 0) / own.length;
    return {
      from,
      count: own.length,
      prediction: mean(([, prediction]) => prediction),
      error: mean(([truth, prediction]) => prediction - truth),
    };
  });
}
