// Which steps are shown: two fields, for what a mouse marks in a chart.
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
        <input
          class="step"
          type="number"
          min="0"
          placeholder="first"
          aria-label="First step shown"
          value={range?.from ?? ''}
          onChange={({ currentTarget: { value } }) => change({ from: Number(value) })}
        />
        <span>to</span>
        <input
          class="step"
          type="number"
          min="0"
          placeholder="last"
          aria-label="Last step shown"
          value={range === null || range.to === mostSteps ? '' : range.to}
          onChange={({ currentTarget: { value } }) => change({ to: value === '' ? mostSteps : Number(value) })}
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
