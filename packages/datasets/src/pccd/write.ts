// PCCD's raw.json in its real form.
import { join } from 'node:path';
import { writeFileAtomic } from '@calm-orch/core';
import { pccdAspects, pccdFiles, type PccdAspect } from './read.ts';

export interface PccdRecord {
  readonly title: string;
  readonly description: string;
  readonly category: string;
  /** null: nothing written, as in the real file. */
  readonly texts: Readonly<Partial<Record<PccdAspect, string | null>>>;
  /** In the order of the aspects, as strings. */
  readonly scores: readonly string[];
}

export function writePccd(dir: string, records: readonly PccdRecord[]): void {
  const lines = records.map(({ title, description, category, texts, scores }) =>
    JSON.stringify({
      title,
      description,
      category,
      ...Object.fromEntries(pccdAspects.map((aspect) => [aspect, texts[aspect] ?? null])),
      score: scores,
    }),
  );
  writeFileAtomic(join(dir, pccdFiles.labels[0]), `[\n${lines.join(',\n')}\n]\n`);
}
