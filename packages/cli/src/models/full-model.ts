// Which rows hold the full model, the paper's configuration.

const names: ReadonlySet<string> = new Set(['all', 'CALM', 'quality+color+subject']);

/** A row's name in its table: runs of several tables name rows `table/row`. */
export const inTable = (row: string): string => row.slice(row.lastIndexOf('/') + 1);

export const isFullModel = (row: string): boolean => names.has(inTable(row));
