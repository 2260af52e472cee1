// A recorded run whose stages have succeeded, for tests of what is read from one.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256, type Json, type StageKind } from '@calm-orch/core';
import type { Tracker } from './tracker.ts';
import type { ArtifactFile, RunRecord, TrialRef } from './types.ts';

export interface RecordedStage {
  readonly key: string;
  readonly kind: StageKind;
  /** @default none: a stage of the whole experiment */
  readonly trials?: readonly TrialRef[];
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly config?: Json;
  readonly inputs?: Readonly<Record<string, string>>;
}

/** Run `x-1` (`x-2`, …) of experiment `x`. `artifacts`: folder of what its stages have left, which is recorded. */
export function recordRun(
  tracker: Tracker,
  {
    resolved,
    trials,
    stages,
    artifacts,
    ...more
  }: {
    resolved: unknown;
    trials: readonly TrialRef[];
    stages: readonly RecordedStage[];
    artifacts?: string;
    hash?: string;
    path?: string;
  },
): RunRecord {
  const head = { experiment: 'x', title: 'X', path: '/x.yaml', hash: 'h', versions: {}, machine: {}, pid: process.pid };
  const { id } = tracker.createRun({ ...head, ...more, resolved: resolved as Json, trials });
  tracker.upsertStages(
    id,
    stages.map(({ key, kind, trials: own = [], config = {}, inputs = {} }) => ({
      key,
      kind,
      trials: own,
      config,
      inputs,
      role: 'evaluator',
      numItems: 1,
      reuse: false,
    })),
  );
  for (const { key, kind, metrics } of stages) {
    tracker.finishItem(tracker.startAttempt(id, key, 0, 'evaluator 0').token, {});
    const files = artifacts === undefined ? [] : writeManifest(join(artifacts, key), { key, kind });
    tracker.succeedStage(id, key, { metrics }, files);
  }
  return tracker.getRun(id);
}

/** Makes an artifact of the files in a folder. */
function writeManifest(dir: string, { key, kind }: Pick<RecordedStage, 'key' | 'kind'>): ArtifactFile[] {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((path) => path !== 'manifest.json' && statSync(join(dir, path)).isFile())
    .sort()
    .map((path) => ({
      path,
      bytes: statSync(join(dir, path)).size,
      sha256: sha256(readFileSync(join(dir, path))),
    }));
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify({ key, kind, files, result: {}, ingredients: null }));
  return files;
}
