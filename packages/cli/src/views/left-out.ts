// What a run says of photographs that its data could not use.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StageResult } from '@calm-orch/core';
import type { Tracker } from '@calm-orch/tracker';
import { plural } from '../progress/format.ts';

/** A sentence for each stage `data` of the run whose artifact is there and left photographs out. */
export function leftOutPhotographs(tracker: Tracker, runId: string, artifactOf: (key: string) => string): string[] {
  const stages = tracker.listRunStages(runId).filter(({ kind }) => kind === 'data');
  return stages.flatMap(({ key }) => {
    const folder = artifactOf(key);
    const manifest = join(folder, 'manifest.json');
    if (!existsSync(manifest)) return [];
    const { result } = JSON.parse(readFileSync(manifest, 'utf8')) as { result: StageResult };
    const numSkipped = result.metrics?.['data/skipped'] ?? 0;
    const lists = existsSync(join(folder, 'catalog')) ? 'catalog/dropped-*.json' : 'manifest-data.json';
    const verb = numSkipped === 1 ? 'is' : 'are';
    return numSkipped === 0
      ? []
      : [`data: ${plural(numSkipped, 'photograph')} ${verb} left out, listed with reasons in ${join(folder, lists)}`];
  });
}
