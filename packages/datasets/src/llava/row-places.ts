// Rows of conversation files, remembered by where they stand: the texts of a set have hundreds of megabytes, and an item
// of a stage wants a few. Numbers lie in columns, without an object a row.
import type { JsonPlace } from '../text/json-elements.ts';
import { conversationsAt, type Conversation } from './conversations.ts';

export interface FoundRow {
  /** Index of the file among those remembered from. */
  readonly file: number;
  /** Position in the file, 0-based. */
  readonly row: number;
  /** 1-based line on which it begins. */
  readonly line: number;
  readonly conversation: Conversation;
}

export interface RowPlaces {
  readonly length: () => number;
  /** Of the one at a position among the added. */
  readonly fileOf: (at: number) => number;
  add(file: number, row: number, place: JsonPlace): void;
  /** Reads those of the given positions, ascending, among the added. Throws not_found, bad_data ('file:line: …'). */
  read(positions: readonly number[]): FoundRow[];
}

export function rowPlaces(paths: readonly string[]): RowPlaces {
  const [files, rows, lines, starts, ends]: [number[], number[], number[], number[], number[]] = [[], [], [], [], []];
  return {
    length: () => rows.length,
    fileOf: (at) => files[at]!,
    add: (file, row, { line, start, end }) => {
      files.push(file);
      rows.push(row);
      lines.push(line);
      starts.push(start);
      ends.push(end);
    },
    read: (positions) =>
      paths.flatMap((path, file) => {
        const own = positions.filter((at) => files[at] === file);
        if (own.length === 0) return [];
        const places = own.map((at): JsonPlace => ({ line: lines[at]!, start: starts[at]!, end: ends[at]! }));
        return conversationsAt(path, places).map((conversation, i) => {
          return { file, row: rows[own[i]!]!, line: places[i]!.line, conversation };
        });
      }),
  };
}
