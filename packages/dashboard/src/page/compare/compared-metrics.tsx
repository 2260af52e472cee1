// Each metric of each row in both runs, and B minus A with its interval, drawn and in words.
import type { CompareAnswer, ComparedMetric } from '../../api/compare.ts';
import { Interval, scaleOf } from '../parts/interval.tsx';

interface Props {
  readonly metrics: readonly ComparedMetric[];
  readonly words: CompareAnswer['words'];
}

export function ComparedMetrics({ metrics, words }: Props) {
  // Metrics differ in size: each has an axis of its own.
  const scales = new Map(
    [...new Set(metrics.map(({ metric }) => metric))].map((name) => {
      const own = metrics.flatMap(({ metric, paired }) => (metric === name && paired ? [drawn(paired)] : []));
      return [name, scaleOf(own)];
    }),
  );
  return (
    <section aria-labelledby="metrics">
      <h2 id="metrics">Metrics</h2>
      {metrics.length === 0 ? (
        <p class="nothing">Neither run has a table.</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Metrics of both runs">
          <table class="compared">
            <thead>
              <tr>
                <th scope="col">Row</th>
                <th scope="col">Metric</th>
                <th scope="col">A</th>
                <th scope="col">B</th>
                <th scope="col" colSpan={2}>
                  B − A
                </th>
              </tr>
            </thead>
            <tbody>
              {metrics.map(({ table, row, metric, paired }, i) => {
                const { a, b, paired: text } = words.metrics[i]!;
                return (
                  <tr key={`${table} ${row} ${metric}`}>
                    <th scope="row">{row}</th>
                    <td>{metric}</td>
                    <td class="figures">{a}</td>
                    <td class="figures">{b}</td>
                    <td class="drawn">
                      {paired && <Interval {...drawn(paired)} scale={scales.get(metric)!} label={text} />}
                    </td>
                    <td class={paired ? 'figures' : 'quiet'}>{text}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {words.notes.map((note) => (
        <p key={note} class="quiet">
          {note}
        </p>
      ))}
    </section>
  );
}

const drawn = ({ difference, interval }: NonNullable<ComparedMetric['paired']>) => ({
  difference,
  interval,
  effect: null,
});
