// Predictions against people's scores: what lies on the line is right, what lies above it was scored too high.
import { axisOf } from '@calm-orch/report/axis';
import { place, Plot } from './plot.tsx';

interface Props {
  readonly points: readonly (readonly [truth: number, prediction: number])[];
  /** Of which these are some. */
  readonly numScored: number;
}

export function Residuals({ points, numScored }: Props) {
  const axis = axisOf(points.flat());
  const dots = points.map(
    ([truth, prediction]) => `M${place(axis.percent(truth))} ${place(100 - axis.percent(prediction))}h0`,
  );
  const bins = binsOf(points);
  return (
    <figure class="chart residuals">
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
        <path class="dots" d={dots.join('')} />
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
