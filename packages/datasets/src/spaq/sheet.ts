// Tables in .xlsx files: the first sheet's rows under its header, and the same written with nothing but what a reader
// needs and fixed times, so that equal tables are equal bytes.
import { readFileSync } from 'node:fs';
import { zipSync } from 'fflate';
import { CalmError, refuseMistakenFile } from '@calm-orch/core';
import { badLine } from '../text/lines.ts';

export type Cell = string | number | null;

export interface SheetRow {
  /** By column; a repeated column name is numbered from its second occurrence on: 'Time', 'Time 2'. */
  readonly cells: Readonly<Record<string, Cell>>;
  /** 1-based row of the sheet. */
  readonly line: number;
}

/** A label sheet of 11,125 rows has about one MB. */
const maxBytes = 64 << 20;

/** Reads the first sheet. Throws CalmError not_found or bad_data ('file:row: …'). */
export async function readSheet(path: string, what: string, columns: readonly string[]): Promise<SheetRow[]> {
  refuseMistakenFile(path);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'not_found' : 'io';
    throw new CalmError(code, `${what}: cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
  if (bytes.length > maxBytes) throw badLine(path, 1, `a sheet of at most ${maxBytes} bytes`, `${bytes.length} bytes`);
  // Loaded where a sheet is read: 44 files. Not the package's Node entry: that one never settles on a truncated archive.
  const { readSheet: readExcelSheet } = await import('read-excel-file/universal');
  let rows: readonly (readonly unknown[])[];
  try {
    // A copy, for a buffer of its own.
    rows = await readExcelSheet(new Uint8Array(bytes).buffer);
  } catch (error) {
    throw badLine(path, 1, 'an .xlsx sheet', error instanceof Error ? error.message : String(error));
  }
  const header = headerOf(rows[0] ?? []);
  const missing = columns.find((column) => !header.includes(column));
  if (missing !== undefined) throw badLine(path, 1, `a header with '${missing}'`, `'${header.join()}'`);
  return rows.slice(1).map((row, i) => ({
    cells: Object.fromEntries(header.map((name, column) => [name, cellOf(row[column])])),
    line: i + 2,
  }));
}

/** An .xlsx file of one sheet. */
export function sheetFile(rows: readonly (readonly Cell[])[]): Uint8Array {
  const xml = (body: string): Uint8Array =>
    new TextEncoder().encode(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${body}`);
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
  const relationships = 'http://schemas.openxmlformats.org/package/2006/relationships';
  const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
  const types = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
  const lines = rows.map((row, r) => {
    const cells = row.map((cell, c) => cellXml(`${columnName(c)}${r + 1}`, cell)).join('');
    return `<row r="${r + 1}">${cells}</row>`;
  });
  const files = {
    '[Content_Types].xml': xml(
      `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${types}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${types}.worksheet+xml"/></Types>`,
    ),
    '_rels/.rels': xml(
      `<Relationships xmlns="${relationships}"><Relationship Id="rId1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    ),
    'xl/workbook.xml': xml(
      `<workbook xmlns="${main}" xmlns:r="${office}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    ),
    'xl/_rels/workbook.xml.rels': xml(
      `<Relationships xmlns="${relationships}"><Relationship Id="rId1" Type="${office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
    ),
    'xl/worksheets/sheet1.xml': xml(`<worksheet xmlns="${main}"><sheetData>${lines.join('')}</sheetData></worksheet>`),
  };
  // Local time: the zip format knows no other, and only a date made from its parts reads the same everywhere.
  return zipSync(files, { mtime: new Date(2000, 0, 1), level: 6 });
}

function headerOf(row: readonly unknown[]): string[] {
  const seen = new Map<string, number>();
  return row.map((cell) => {
    const name = cellOf(cell)?.toString().trim() ?? '';
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} ${count}`;
  });
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return value;
  return value instanceof Date ? value.toISOString() : JSON.stringify(value);
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function cellXml(place: string, cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return `<c r="${place}"><v>${cell}</v></c>`;
  return `<c r="${place}" t="inlineStr"><is><t>${cell.replace(/[&<>]/g, (c) => escapes[c]!)}</t></is></c>`;
}

function columnName(index: number): string {
  return index < 26 ? String.fromCharCode(65 + index) : columnName(Math.floor(index / 26) - 1) + columnName(index % 26);
}
