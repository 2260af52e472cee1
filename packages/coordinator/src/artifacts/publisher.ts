// A stage whose items are all done becomes an artifact: results are merged, files checked and moved in place, and only
// then the tracker told. Several may be under way at once.
import { existsSync } from 'node:fs';
import { CalmError, type StageResult } from '@calm-orch/core';
import type { ArtifactFile } from '@calm-orch/tracker';
import { publishArtifact, readManifest } from './artifact.ts';
import { isArtifactWhole } from './damage.ts';
import type { Layout } from './layout.ts';
import type { CoordinatorOptions } from '../leases/records.ts';
import type { StageRecord } from '../leases/stage-progress.ts';

export interface Publisher {
  /** Stages whose artifacts are being written. */
  readonly underWay: Pick<ReadonlySet<StageRecord>, 'has' | 'size'>;
  finish(stage: StageRecord): void;
  /** Once artifacts under way are complete and recorded. */
  settle(): Promise<void>;
}

export interface PublisherEvents {
  readonly onDone: (stage: StageRecord, message: string) => void;
  readonly onError: (error: unknown) => void;
  /** After each of the two. */
  readonly onIdle: () => void;
}

export function createPublisher(
  { layout, runId, tracker, now }: CoordinatorOptions,
  { onDone, onError, onIdle }: PublisherEvents,
): Publisher {
  const underWay = new Map<StageRecord, Promise<void>>();
  const publish = async (stage: StageRecord): Promise<void> => {
    try {
      const results = tracker.itemResults(stage.key).map(({ result }) => result);
      const result = mergeResults(results);
      // An earlier session may have been killed after the artifact was complete and before that was recorded.
      const isComplete = !existsSync(layout.staging(stage.key)) && isArtifactWhole(layout, stage.key);
      const before = tracker.listArtifacts(stage.key);
      const made = isComplete ? readManifest(layout, stage.key) : null;
      const manifest = made ?? (await publishArtifact(layout, { ...stage, result }));
      const changed = before.length === 0 ? [] : differing(before, manifest.files);
      tracker.succeedStage(runId, stage.key, result, manifest.files);
      stage.state = 'succeeded';
      const seconds = stage.startedMs === null ? 0 : (now() - stage.startedMs) / 1000;
      const note = `made again, with other bytes than before: ${changed.join(', ')}`;
      if (changed.length > 0) tracker.note(runId, note, stage.key);
      onDone(stage, `${seconds.toFixed(1)} s${changed.length > 0 ? `; ${note}` : ''}`);
    } catch (error) {
      onError(error);
    }
  };
  return {
    underWay,
    finish: (stage) => {
      const publishing = publish(stage).finally(() => {
        underWay.delete(stage);
        onIdle();
      });
      underWay.set(stage, publishing);
    },
    settle: async () => {
      while (underWay.size > 0) await Promise.all(underWay.values());
    },
  };
}

/** Names of files that are not in both with the same hash: stages that were made from them before are not made again. */
function differing(before: readonly ArtifactFile[], now: readonly ArtifactFile[]): string[] {
  const hashes = new Map(before.map(({ path, sha256 }) => [path, sha256]));
  const changed = now.filter(({ path, sha256 }) => hashes.get(path) !== sha256).map(({ path }) => path);
  const names = new Set(now.map(({ path }) => path));
  return [...changed, ...before.flatMap(({ path }) => (names.has(path) ? [] : [path]))];
}

/** @throws CalmError `io`: finished items without their files would become an artifact with holes. */
export function checkStaging(layout: Layout, { key, label, numDone }: StageRecord): void {
  const staging = layout.staging(key);
  if (numDone === 0 || existsSync(staging) || isArtifactWhole(layout, key)) return;
  throw new CalmError(
    'io',
    `${label}: ${numDone} items are done, but their files in ${staging} are gone; start in another run folder with --dir`,
  );
}

/** A stage's result is that of its items together: numbers of several items are counts, and add up. */
function mergeResults(results: readonly StageResult[]): StageResult {
  const metrics: Record<string, number | null> = {};
  for (const [name, value] of results.flatMap((result) => Object.entries(result.metrics ?? {}))) {
    const before = metrics[name];
    metrics[name] = before === undefined ? value : before === null || value === null ? null : before + value;
  }
  const fingerprint = results.find((result) => result.fingerprint !== undefined)?.fingerprint;
  return { ...(Object.keys(metrics).length > 0 && { metrics }), ...(fingerprint !== undefined && { fingerprint }) };
}
