// The head of a column that a list can be sorted by.
type Order = 'ascending' | 'descending';

interface Props {
  readonly name: string;
  readonly className: string;
  /** Undefined: the list is sorted by another. */
  readonly order: Order | undefined;
  readonly onSort: (order: Order) => void;
}

export function SortHead({ name, className, order, onSort }: Props) {
  return (
    <th scope="col" class={className} aria-sort={order}>
      <button type="button" onClick={() => onSort(order === 'descending' ? 'ascending' : 'descending')}>
        {name}
        <span aria-hidden="true">{order === undefined ? '' : order === 'ascending' ? ' ↑' : ' ↓'}</span>
      </button>
    </th>
  );
}
