// A table with all that belongs to it: the verdicts on its claims, its notes.
import type { Layout, Verdict } from '../../api/tables.ts';
import { TableView } from './table-view.tsx';
import { Verdicts } from './verdicts.tsx';

interface Props {
  readonly id: string;
  readonly layout: Layout;
  readonly verdicts: readonly Verdict[];
}

export function PaperTable({ id, layout, verdicts }: Props) {
  return (
    <section class="paper" aria-label={layout.caption}>
      <TableView id={id} layout={layout} />
      <Verdicts layout={layout} verdicts={verdicts} />
      <ul class="notes">
        {layout.notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </section>
  );
}
