// Which tables a run has, and which of its rows stand in which.
import type { ResolvedExperiment, ResolvedRow, TableSpec } from '@calm-orch/core';
import type { RunRecord } from '@calm-orch/tracker';

export interface RowOfTable extends ResolvedRow {
  /** Its name in the table: a run of several tables names rows `table/row`. */
  readonly shown: string;
}

export function tablesOf({ resolved }: Pick<RunRecord, 'resolved'>): readonly TableSpec[] {
  const { table, tables } = resolved as unknown as ResolvedExperiment;
  return tables ?? [table];
}

/** Whether its numbers mean nothing. */
export function isRehearsal({ resolved }: Pick<RunRecord, 'resolved'>): boolean {
  return (resolved as unknown as ResolvedExperiment).rehearsal === true;
}

/** Names of those of the rows whose numbers are of the validation split. */
export function rowsOnValidation({ resolved }: Pick<RunRecord, 'resolved'>, rows: readonly RowOfTable[]): string[] {
  // Runs stored before there was a validation split have none.
  const { config } = resolved as unknown as Partial<ResolvedExperiment>;
  const splitOf = ({ set }: RowOfTable): unknown => set['evaluate.split'] ?? config?.evaluate.split;
  return rows.filter((row) => splitOf(row) === 'val').map(({ shown }) => shown);
}

export function rowsOfTable({ resolved }: Pick<RunRecord, 'resolved'>, id: string): RowOfTable[] {
  const { rows } = resolved as unknown as ResolvedExperiment;
  return rows
    .filter(({ table }) => table === undefined || table === id)
    .map((row) => ({ ...row, shown: row.table === undefined ? row.row : row.row.slice(row.table.length + 1) }));
}
