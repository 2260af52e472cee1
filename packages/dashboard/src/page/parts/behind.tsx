// A table behind a chart, for those who cannot see it: made when it is opened.
import { useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';

interface Props {
  readonly summary: string;
  readonly heads: readonly string[];
  readonly rows: () => readonly (readonly ComponentChildren[])[];
  /** Before the table. */
  readonly note?: string | undefined;
}

export function Behind({ summary, ...table }: Props) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{summary}</summary>
      {isOpen && <Table label={summary} {...table} />}
    </details>
  );
}

function Table({ label, heads, rows, note }: Omit<Props, 'summary'> & { readonly label: string }) {
  return (
    <>
      {note !== undefined && <p class="quiet">{note}</p>}
      <div class="scroll tall" tabIndex={0} role="region" aria-label={label}>
        <table>
          <thead>
            <tr>
              {heads.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows().map(([first, ...cells], i) => (
              <tr key={i}>
                <th scope="row">{first}</th>
                {cells.map((cell, j) => (
                  <td key={j} class={typeof cell === 'number' ? 'number' : undefined}>
                    {cell}
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
