// TAD66K's two listings in their real form.
import { join } from 'node:path';
import { writeFileAtomic } from '@calm-orch/core';
import { formatCsv } from '../text/csv-rows.ts';
import { tad66kFiles } from './read.ts';

export interface Tad66kRecord {
  readonly image: string;
  readonly score: number;
  readonly theme: string;
  readonly split: 'train' | 'test';
  /** Split in unmerge/, where it differs. @default split */
  readonly unmergedSplit?: 'train' | 'test';
}

export function writeTad66k(dir: string, records: readonly Tad66kRecord[]): void {
  const header = ['image', 'score'];
  const rowsOf = (chosen: readonly Tad66kRecord[]) => chosen.map(({ image, score }) => [image, score]);
  for (const split of ['train', 'test'] as const) {
    const merged = records.filter((record) => record.split === split);
    const crlf = formatCsv(header, rowsOf(merged), { lineEnd: '\r\n' });
    writeFileAtomic(join(dir, tad66kFiles.merge, `${split}.csv`), crlf);
    const unmerged = records.filter((record) => (record.unmergedSplit ?? record.split) === split);
    for (const theme of new Set(unmerged.map((record) => record.theme))) {
      const own = unmerged.filter((record) => record.theme === theme);
      writeFileAtomic(join(dir, tad66kFiles.unmerge, split, `${theme}.csv`), formatCsv(header, rowsOf(own)));
    }
  }
}
