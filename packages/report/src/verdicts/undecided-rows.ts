// Which rows more seeds are wanted of, before the claims of a table are decided.
import type { Table, Verdict } from '../table.ts';

/** Of an undecided claim. */
export type UndecidedRows = {
  /** The claim's row and those of ours that its undecided comparisons name, as the table shows them. */
  readonly rows: readonly string[];
  /** Estimate of how many seeds would decide the claim; null: more seeds alone would not. */
  readonly seedsToDecide: number | null;
};

/** An entry for each claim that is undecided; claims that are not judged have none. */
export function undecidedRows({ rows, verdicts }: Pick<Table, 'rows' | 'verdicts'>): UndecidedRows[] {
  const isTrained = ({ metrics, imported }: Table['rows'][number]): boolean =>
    !imported && Object.values(metrics).some(({ n }) => n > 0);
  const ours = new Set(rows.filter(isTrained).map(({ row }) => row));
  const undecided = verdicts.filter(({ verdict }) => verdict === 'undecided');
  return undecided.map((verdict) => undecidedRowsOf(verdict, (row) => ours.has(row)));
}

export function undecidedRowsOf({ row, comparisons }: Verdict, isOurs: (row: string) => boolean): UndecidedRows {
  const open = comparisons.filter(({ verdict }) => verdict === 'undecided');
  const needed = open.map(({ seedsToDecide }) => seedsToDecide ?? Infinity);
  return {
    rows: [row, ...open.map(({ than }) => than).filter(isOurs)],
    seedsToDecide: needed.includes(Infinity) ? null : Math.max(...needed),
  };
}
