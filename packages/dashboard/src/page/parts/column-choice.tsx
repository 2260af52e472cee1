// Which columns of a list are shown.
interface Props {
  readonly all: readonly string[];
  readonly shown: readonly string[];
  readonly onChange: (shown: string[]) => void;
}

export function ColumnChoice({ all, shown, onChange }: Props) {
  return (
    <details class="choice">
      <summary>Columns</summary>
      <fieldset>
        <legend class="hidden">Columns that are shown</legend>
        {all.map((name) => (
          <label key={name} class="check">
            <input
              type="checkbox"
              checked={shown.includes(name)}
              onChange={({ currentTarget }) =>
                onChange(all.filter((one) => (one === name ? currentTarget.checked : shown.includes(one))))
              }
            />
            <span>{name}</span>
          </label>
        ))}
      </fieldset>
    </details>
  );
}
