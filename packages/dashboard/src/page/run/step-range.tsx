// Which steps are shown: two fields, for what a mouse marks in a chart.
import { useEffect, useRef } from 'preact/hooks';

export interface Range {
  readonly from: number;
  readonly to: number;
}

interface Props {
  readonly range: Range | null;
  readonly onRange: (range: Range | null) => void;
}

const mostSteps = 1e9;

export function StepRange({ range, onRange }: Props) {
  const change = (change: Partial<Range>): void => {
    const { from, to } = { ...(range ?? { from: 0, to: mostSteps }), ...change };
    if (Number.isSafeInteger(from) && Number.isSafeInteger(to))
      onRange({ from: Math.min(from, to), to: Math.max(from, to) });
  };
  return (
    <>
      <label>
        <span>Steps</span>
        <Step which="first" step={range?.from ?? null} onStep={(from) => change({ from: from ?? 0 })} />
        <span>to</span>
        <Step
          which="last"
          step={range === null || range.to === mostSteps ? null : range.to}
          onStep={(to) => change({ to: to ?? mostSteps })}
        />
      </label>
      {range !== null && (
        <button type="button" onClick={() => onRange(null)}>
          All steps
        </button>
      )}
    </>
  );
}

interface StepProps {
  readonly which: 'first' | 'last';
  /** null: none is set. */
  readonly step: number | null;
  readonly onStep: (step: number | null) => void;
}

/** Written when the step changes, not each time the page is drawn: what somebody is typing stays. */
function Step({ which, step, onStep }: StepProps) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current!.value = step === null ? '' : String(step);
  }, [step]);
  return (
    <input
      ref={field}
      class="step"
      type="number"
      min="0"
      placeholder={which}
      aria-label={`${which === 'first' ? 'First' : 'Last'} step shown`}
      onChange={({ currentTarget: { value } }) => onStep(value === '' ? null : Number(value))}
    />
  );
}
