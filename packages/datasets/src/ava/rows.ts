// One row of AVA.txt (Murray et al., CVPR 2012): 15 columns separated by single spaces, no header:
// index, image id, c1..c10 (votes for 1..10), two semantic tags (0: none), challenge id.
import { badLine, linesOf, linesOfFile, readTextFile } from '../text/lines.ts';

export interface AvaRow {
  /** 1-based number of the row. */
  readonly index: number;
  readonly id: number;
  /** Vote counts c1..c10. */
  readonly votes: readonly number[];
  readonly tags: readonly [number, number];
  readonly challenge: number;
}

const numColumns = 15;

export function formatAvaRow({ index, id, votes, tags, challenge }: AvaRow): string {
  return [index, id, ...votes, ...tags, challenge].join(' ');
}

/** Mean of a vote histogram c1..c10. */
export function meanOfVotes(votes: readonly number[]): number {
  const numVotes = votes.reduce((sum, count) => sum + count, 0);
  return votes.reduce((sum, count, i) => sum + count * (i + 1), 0) / numVotes;
}

/** Streams the rows of AVA.txt. Throws bad_data 'file:line: …' on a row that is not 15 integers, has no vote or repeats an id. */
export function* readAvaRows(path: string): Iterable<AvaRow> {
  const seen = new Set<number>();
  for (const { text, number } of linesOfFile(path, 'AVA')) {
    const columns = text.split(/\s+/);
    if (columns.length !== numColumns) {
      throw badLine(path, number, `${numColumns} space-separated integers`, `${columns.length} columns: '${text}'`);
    }
    const wrong = columns.find((column) => !/^\d+$/.test(column));
    if (wrong !== undefined) throw badLine(path, number, 'non-negative integers', `'${wrong}'`);
    const values = columns.map(Number);
    const [index, id] = values as [number, number];
    const votes = values.slice(2, 12);
    if (votes.every((count) => count === 0)) throw badLine(path, number, 'at least one vote', 'ten zeros');
    if (seen.has(id)) throw badLine(path, number, 'each image id once', `image id ${id} again`);
    seen.add(id);
    yield { index, id, votes, tags: [values[12]!, values[13]!], challenge: values[14]! };
  }
}

/** Reads a .jpgl list: one image id per line, no extension. */
export function readIdList(path: string): number[] {
  return [...linesOf(readTextFile(path, 'AVA list'))].map(({ text, number }) => {
    if (!/^\d+$/.test(text)) throw badLine(path, number, 'an image id', `'${text}'`);
    return Number(text);
  });
}
