// Other people's outputs: a CSV file with a line per photograph, `image,score` or `image,comment` (or both); further
// columns do not matter. An empty cell is a photograph without an answer.
import { CalmError } from '@calm-orch/core';
import { badLine, numberCell, readCsvRows, type CsvRow } from '@calm-orch/datasets';

export const outputColumns = ['score', 'comment'] as const;
export type OutputColumn = (typeof outputColumns)[number];

export interface Output<T> {
  /** As in the file. */
  readonly image: string;
  readonly line: number;
  readonly value: T;
}

export interface Outputs {
  /** By name of the photograph, without folder and extension; null: the file has no such column. */
  readonly score: ReadonlyMap<string, Output<number>> | null;
  readonly comment: ReadonlyMap<string, Output<string>> | null;
}

/** @throws CalmError `not_found`, or `bad_data` with file:line: header, quotes, row lengths, scores, an image named twice. */
export function readOutputs(path: string): Outputs {
  const rows = readCsvRows(path, { what: 'predictions', columns: ['image'] });
  const first = rows[0];
  if (!first) throw new CalmError('bad_data', `${path}: expected a line per photograph, got the header alone`);
  const found = outputColumns.filter((column) => column in first.cells);
  if (found.length === 0) {
    const header = Object.keys(first.cells).join();
    throw badLine(path, 1, 'a header with image and score, or image and comment', `'${header}'`);
  }
  const seen = new Map<string, number>();
  for (const { cells, line } of rows) {
    const image = cells['image']!;
    if (image === '') throw badLine(path, line, 'the name of a photograph as image', 'none');
    const before = seen.get(photographName(image));
    if (before !== undefined) throw badLine(path, line, 'each photograph once', `${image} again, after line ${before}`);
    seen.set(photographName(image), line);
  }
  const read = <T>(column: OutputColumn, valueOf: (row: CsvRow) => T): ReadonlyMap<string, Output<T>> | null => {
    if (!found.includes(column)) return null;
    const answered = rows.filter(({ cells }) => cells[column] !== '');
    return new Map(
      answered.map((row) => {
        const image = row.cells['image']!;
        return [photographName(image), { image, line: row.line, value: valueOf(row) }];
      }),
    );
  };
  return {
    score: read('score', (row) => numberCell(path, row, 'score')),
    comment: read('comment', ({ cells }) => cells['comment']!),
  };
}

/** `AVA/images/953619.jpg` and `953619` are the same photograph. */
export function photographName(image: string): string {
  return image.replace(/^.*[\\/]/, '').replace(/\.(?:jpe?g|png|webp|gif|bmp|tiff?)$/i, '');
}
