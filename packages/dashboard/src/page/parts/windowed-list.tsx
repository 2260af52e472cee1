// A long list of which only what is in view is asked for and drawn. All rows are of one height.
import type { ComponentChildren } from 'preact';
import { drawn, useRows, useView } from '../data/use-rows.ts';

interface Props<Row> {
  readonly label: string;
  /** As in page.css. */
  readonly rowPixels: number;
  /** What the rows answer. */
  readonly question: string;
  readonly total: number;
  readonly ask: (offset: number, limit: number) => Promise<readonly Row[]>;
  readonly draw: (row: Row, index: number) => ComponentChildren;
}

export function WindowedList<Row>({ label, rowPixels, question, total, ask, draw }: Props<Row>) {
  const { box, view, look } = useView(rowPixels, question);
  const { rows } = useRows(question, view, total, ask);
  const { from, to } = drawn(view, total);
  return (
    <div class="rows" ref={box} onScroll={look} tabIndex={0} role="region" aria-label={label}>
      <ul
        class="pictures"
        style={{ paddingTop: `${from * rowPixels}px`, paddingBottom: `${(total - to) * rowPixels}px` }}
      >
        {Array.from({ length: Math.max(0, to - from) }, (_, i) => {
          const row = rows.get(from + i);
          return (
            <li key={from + i} aria-setsize={total} aria-posinset={from + i + 1} style={{ height: `${rowPixels}px` }}>
              {row === undefined ? '…' : draw(row, from + i)}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
