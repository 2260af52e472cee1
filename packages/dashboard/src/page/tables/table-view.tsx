// A table as the terminal prints it: the same cells of text, in the paper's layout.
import type { Layout } from '../../api/tables.ts';

export function TableView({ id, layout }: { readonly id: string; readonly layout: Layout }) {
  const { caption, groups, rows, baselines } = layout;
  const width = groups.reduce((sum, { heads }) => sum + heads.length, 2);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`Table ${id}`}>
      <table class="result" data-table={id}>
        <caption>{caption}</caption>
        <thead>
          <tr>
            <td />
            {groups.map(({ metric, heads }) => (
              <th key={metric} scope="colgroup" colSpan={heads.length} class={heads.length === 1 ? 'number' : 'group'}>
                {metric}
              </th>
            ))}
            <td />
          </tr>
          <tr>
            <th scope="col">row</th>
            {groups.flatMap(({ metric, heads }) =>
              heads.map((head) => (
                <th key={`${metric} ${head}`} scope="col" class="number">
                  {head}
                </th>
              )),
            )}
            <th scope="col" class="number">
              n
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((line) => (
            <Line key={line[0]} line={line} />
          ))}
        </tbody>
        {baselines.length > 0 && (
          <tbody class="baselines">
            <tr>
              <th scope="rowgroup" colSpan={width}>
                baselines
              </th>
            </tr>
            {baselines.map((line) => (
              <Line key={line[0]} line={line} />
            ))}
          </tbody>
        )}
      </table>
    </div>
  );
}

function Line({ line: [name, ...cells] }: { readonly line: readonly string[] }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      {cells.map((text, i) => (
        <td key={i} class="number">
          {text}
        </td>
      ))}
    </tr>
  );
}
