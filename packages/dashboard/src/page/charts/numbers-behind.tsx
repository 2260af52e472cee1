// The table behind a chart, made when it is opened: the numbers as recorded, some hundred steps of them, the first and the
// last always among them.
import { useState } from 'preact/hooks';
import type { ChartCurve } from './chart.tsx';

const maxLines = 200;

interface Props {
  readonly title: string;
  readonly curves: readonly ChartCurve[];
}

export function NumbersBehind({ title, curves }: Props) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>The numbers of {title}</summary>
      {isOpen && <Numbers {...{ title, curves }} />}
    </details>
  );
}

function Numbers({ title, curves }: Props) {
  const steps = [...new Set(curves.flatMap(({ points }) => points.map(([step]) => step)))].sort((a, b) => a - b);
  const shown = thinned(steps, maxLines);
  const values = curves.map(({ points }) => new Map(points));
  return (
    <>
      {shown.length < steps.length && (
        <p class="quiet">
          {shown.length} of {steps.length} steps.
        </p>
      )}
      <div class="scroll tall" tabIndex={0} role="region" aria-label={`Numbers of ${title}`}>
        <table>
          <thead>
            <tr>
              <th scope="col" class="number">
                Step
              </th>
              {curves.map(({ id, label }) => (
                <th key={id} scope="col" class="number">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((step) => (
              <tr key={step}>
                <th scope="row" class="number">
                  {step}
                </th>
                {values.map((own, i) => (
                  <td key={curves[i]!.id} class="number">
                    {own.get(step) ?? (own.has(step) ? 'not finite' : '')}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** At most `count`, evenly apart, with the first and the last. */
export function thinned<T>(values: readonly T[], count: number): T[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, i) => values[Math.round((i * (values.length - 1)) / (count - 1))]!);
}
