// Rows of a delimited text file by column name, with line numbers. Dataset files differ in delimiter, BOM, line ends,
// spaces around cells and further columns; all of that ends here.
import { parse, type CsvError, type Info } from 'csv-parse/sync';
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
export function readCsvRows(path: string, { what, columns, delimiter = ',' }: CsvOptions): CsvRow[] {
  const text = readTextFile(path, what);
  let records: { readonly record: readonly string[]; readonly info: Info }[];
  try {
    records = parse(text, {
      delimiter,
      // Names and numbers between '=' are never quoted; in CSV proper a quote may stand where the writer saw fit.
      quote: delimiter === ',' ? '"' : null,
      info: true,
      max_record_size: maxRowBytes,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as typeof records;
  } catch (error) {
    const { lines, message } = error as CsvError & { readonly lines?: number };
    throw badLine(path, lines ?? 1, `rows of ${what} separated by '${delimiter}'`, message);
  }
  const [first, ...rest] = records;
  const header = first?.record ?? [];
  const missing = columns.find((column) => !header.includes(column));
  if (missing !== undefined) {
    throw badLine(path, 1, `a header with '${missing}'`, header.length === 0 ? 'an empty file' : `'${header.join()}'`);
  }
  return rest.map(({ record, info }) => {
    if (record.length !== header.length) {
      throw badLine(path, info.lines, `${header.length} cells`, `${record.length}: '${record.join(delimiter)}'`);
    }
    const cells: Record<string, string> = Object.create(null) as Record<string, string>;
    header.forEach((name, i) => (cells[name] ??= record[i]!));
    return { cells, line: info.lines };
  });
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
  const value = Number(text);
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
