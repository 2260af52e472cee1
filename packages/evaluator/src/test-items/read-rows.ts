// Lines of the CSV files that evaluation stages leave: an item, then numbers, then what may be anything.
import { readFileSync } from 'node:fs';
import { CalmError } from '@calm-orch/core';

export interface ItemRow {
  readonly id: string;
  readonly numbers: readonly number[];
  /** What stands after the item. */
  readonly rest: string;
}

/** Of each line after the first its item and the `count` numbers after it. @throws CalmError `bad_data` naming the line */
export function readRows(path: string, count: number, expected: string): ItemRow[] {
  const [, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line, i) => {
    const [id = '', ...cells] = line.split(',', 1 + count);
    const numbers = cells.map((cell) => (cell === '' ? Number.NaN : Number(cell)));
    if (numbers.length < count || !numbers.every(Number.isFinite))
      throw new CalmError('bad_data', `${path}:${i + 2}: expected ${expected}, got '${line}'`);
    return { id, numbers, rest: line.slice(id.length + 1) };
  });
}
