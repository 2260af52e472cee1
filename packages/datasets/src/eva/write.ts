// EVA's two label files in their real form: '=' between the votes' columns, quotes and a BOM in the categories.
import { join } from 'node:path';
import { writeFileAtomic } from '@calm-orch/core';
import { formatCsv } from '../text/csv-rows.ts';
import { evaFiles, evaVoteColumns } from './read.ts';

export interface EvaVote {
  readonly imageId: number;
  readonly userId: number;
  /** 0..10. */
  readonly score: number;
  /** Difficulty, visual, composition, quality, semantic: 1..4 each. */
  readonly marks: readonly [number, number, number, number, number];
}

export function writeEva(dir: string, votes: readonly EvaVote[], categories: ReadonlyMap<number, number>): void {
  const header = [...evaVoteColumns, 'vote_time', '1', '2', '3', '4'];
  const rows = votes.map(({ imageId, userId, score, marks }) => [imageId, userId, score, ...marks, 9000, 0, 1, 0, 0]);
  writeFileAtomic(join(dir, evaFiles.votes), formatCsv(header, rows, { delimiter: '=' }));
  const lines = [...categories].map(([id, category]) => `"${id}","${category}"\n`);
  writeFileAtomic(join(dir, evaFiles.categories), `\uFEFF"image_id","sort"\n${lines.join('')}`);
}
