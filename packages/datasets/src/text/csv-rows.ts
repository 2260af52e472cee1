// Rows of a delimited text file by column name, with line numbers. Dataset files differ in delimiter, BOM, line ends,
// spaces around cells and further columns; all of that ends here.
import { parse, type CsvError, type Info } from 'csv-parse/sync';
import { CalmError } from '@calm-orch/core';
import { badLine, readTextFile } from './lines.ts';

export interface CsvRow {
  /** Cells by column name, trimmed; a repeated column keeps its first cell. */
  readonly cells: Readonly<Record<string, string>>;
  /** 1-based line on which the row ends. */
  readonly line: number;
}

export interface CsvOptions {
  /** Dataset, for messages. */
  readonly what: string;
  /** Columns that must be in the header; others may be. */
  readonly columns: readonly string[];
  /** @default ',' */
  readonly delimiter?: string;
}

/** A row longer than this is no row but a broken file. */
const maxRowBytes = 1 << 20;

/** Reads `path`. Throws CalmError not_found or bad_data ('file:line: …') on broken quotes, header or row lengths. */
export function readCsvRows(path: string, options: CsvOptions): CsvRow[] {
  return mapCsvRows(path, options, (row) => row);
}

/** What is made of each row; the rows themselves, many times as large, are not kept. Throws as `readCsvRows` does. */
export function mapCsvRows<T>(
  path: string,
  { what, columns, delimiter = ',' }: CsvOptions,
  made: (row: CsvRow) => T,
): T[] {
  const text = readTextFile(path, what);
  const results: T[] = [];
  let header: readonly string[] | null = null;
  const visit = (record: readonly string[], { lines }: Pick<Info, 'lines'>): null => {
    if (header === null) header = checkedHeader(record);
    else {
      if (record.length !== header.length) {
        throw badLine(path, lines, `${header.length} cells`, `${record.length}: '${record.join(delimiter)}'`);
      }
      const cells: Record<string, string> = Object.create(null) as Record<string, string>;
      header.forEach((name, i) => (cells[name] ??= record[i]!));
      results.push(made({ cells, line: lines }));
    }
    return null;
  };
  const checkedHeader = (names: readonly string[]): readonly string[] => {
    const missing = columns.find((column) => !names.includes(column));
    if (missing === undefined) return names;
    throw badLine(path, 1, `a header with '${missing}'`, names.length === 0 ? 'an empty file' : `'${names.join()}'`);
  };
  try {
    parse(text, {
      delimiter,
      // Names and numbers between '=' are never quoted; in CSV proper a quote may stand where the writer saw fit.
      quote: delimiter === ',' ? '"' : null,
      max_record_size: maxRowBytes,
      on_record: visit,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    });
  } catch (error) {
    if (error instanceof CalmError) throw error;
    const { lines, message } = error as CsvError & { readonly lines?: number };
    throw badLine(path, lines ?? 1, `rows of ${what} separated by '${delimiter}'`, message);
  }
  if (header === null) checkedHeader([]);
  return results;
}

/** A finite number within [least, most], or bad_data 'file:line: …'. */
export function numberCell(path: string, { cells, line }: CsvRow, name: string, least = -Infinity, most = Infinity) {
  return numberFrom(cells[name] ?? '', path, line, name, least, most);
}

/** The number a text holds; an empty text holds none. */
export function numberFrom(
  text: string,
  path: string,
  line: number,
  name: string,
  least = -Infinity,
  most = Infinity,
): number {
  // `Number` would read 0x7 as well.
  const value = /^[-+.\de\s]+$/i.test(text) ? Number(text) : NaN;
  if (text.trim() === '' || !Number.isFinite(value)) throw badLine(path, line, `a number as ${name}`, `'${text}'`);
  if (value < least || value > most) throw badLine(path, line, `${name} from ${least} to ${most}`, text);
  return value;
}

/** Rows as text, for writers of fixtures and embedded data; cells may hold no delimiter, quote or line end. */
export function formatCsv(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  { delimiter = ',', lineEnd = '\n' }: { readonly delimiter?: string; readonly lineEnd?: string } = {},
): string {
  return [header, ...rows].map((cells) => `${cells.join(delimiter)}${lineEnd}`).join('');
}
