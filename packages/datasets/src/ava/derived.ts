// Labels of AVA as others have published them: idealo's JSON, TANet's CSV, Q-Align's JSON, pyiqa's CSV. They serve where
// AVA.txt is not to be had. All but Q-Align's and pyiqa's rounded means are the votes themselves.
import { basename } from 'node:path';
import { jsonElements } from '../text/json-elements.ts';
import { mapCsvRows, numberCell, type CsvRow } from '../text/csv-rows.ts';
import { badLine, readTextFile } from '../text/lines.ts';
import { meanOfVotes } from './rows.ts';

export interface AvaLabel {
  readonly id: number;
  readonly meanScore: number;
  /** c1..c10; empty where the file has means alone. */
  readonly votes: readonly number[];
}

const first = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
/** TANet calls the votes for 1..10 score2..score11. */
const tanetColumns = first(10).map((k) => `score${k + 1}`);
const pyiqaColumns = first(10).map((k) => `c${k}`);

/** Reads any of the four, told apart by their content. Throws not_found or bad_data ('file:line: …'). */
export function readAvaLabelFile(path: string): AvaLabel[] {
  if (path.endsWith('.json')) return [...jsonElements(path)].map(({ value, line }) => jsonLabel(value, path, line));
  const header = readTextFile(path, 'AVA').split('\n', 1)[0]!;
  if (header.startsWith('image_id,')) {
    return mapCsvRows(path, { what: 'AVA', columns: ['image_id', ...tanetColumns] }, (row) =>
      fromVotes(votesIn(path, row, tanetColumns), row.cells['image_id']!, path, row.line),
    );
  }
  return mapCsvRows(path, { what: 'AVA', columns: ['img_name', 'MOS', ...pyiqaColumns] }, (row) => ({
    ...fromVotes(votesIn(path, row, pyiqaColumns), row.cells['img_name']!, path, row.line),
  }));
}

function jsonLabel(value: unknown, path: string, line: number): AvaLabel {
  const record = (value ?? {}) as Record<string, unknown>;
  const { image_id: id, label, image, gt_score: score } = record;
  if (Array.isArray(label)) return fromVotes(label as number[], String(id), path, line);
  if (typeof image === 'string' && typeof score === 'number' && score >= 1 && score <= 10) {
    return { id: idOf(image, path, line), meanScore: score, votes: [] };
  }
  throw badLine(path, line, '{image_id, label: [10 votes]} or {image, gt_score}', JSON.stringify(value));
}

function fromVotes(votes: readonly number[], name: string, path: string, line: number): AvaLabel {
  const whole = votes.length === 10 && votes.every((count) => Number.isSafeInteger(count) && count >= 0);
  if (!whole || votes.every((count) => count === 0)) {
    throw badLine(path, line, 'ten vote counts, not all zero', JSON.stringify(votes));
  }
  return { id: idOf(name, path, line), meanScore: meanOfVotes(votes), votes };
}

function votesIn(path: string, row: CsvRow, columns: readonly string[]): number[] {
  return columns.map((column) => numberCell(path, row, column, 0));
}

/** '953980', '953980.jpg' and 'ava_images/953980.jpg' are one image. */
function idOf(name: string, path: string, line: number): number {
  const stem = basename(name).replace(/\.jpe?g$/i, '');
  if (!/^\d+$/.test(stem)) throw badLine(path, line, 'an image id', `'${name}'`);
  return Number(stem);
}
