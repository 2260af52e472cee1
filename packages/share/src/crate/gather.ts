// What a package records, read from the tracker and from the manifests of the run's artifacts.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, canonicalJson, stageLabel, type Json } from '@calm-orch/core';
import { measuredFiles } from '@calm-orch/evaluator/remeasure';
import type { ArtifactFile, RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';
import type { Ingredients, PackagedRun, PackagedStage, Source } from './source.ts';

export interface GatherOptions {
  /** Of an artifact; null: it is gone. */
  readonly artifactOf: (key: string) => {
    readonly dir: string;
    readonly files: readonly ArtifactFile[];
    readonly ingredients: Json;
  } | null;
  /** What a run does not record of itself. */
  readonly about: Pick<PackagedRun, 'program' | 'packaged' | 'authors' | 'license' | 'file' | 'command' | 'caveat'>;
}

export interface Gathered {
  readonly source: Source;
  /** Where the files of predictions lie, by path in the package. */
  readonly predictions: ReadonlyMap<string, string>;
}

/** @throws CalmError `unavailable` where a stage's predictions are gone, so that its numbers could not be measured again. */
export function gatherRun(tracker: Tracker, run: RunRecord, { artifactOf, about }: GatherOptions): Gathered {
  const predictions = new Map<string, string>();
  const records = tracker.listRunStages(run.id);
  const stages = records.map((stage) => {
    const { key, kind } = stage;
    const artifact = artifactOf(key);
    const names = stage.status === 'succeeded' ? measuredFiles[kind] : undefined;
    const missing = names?.find((name) => artifact === null || !existsSync(join(artifact.dir, name)));
    if (missing !== undefined)
      throw new CalmError(
        'unavailable',
        `${stageLabel(stage, run.trials)} (${key.slice(0, 8)}): ${missing} is not there, so that its numbers cannot be measured again; \`calm-orch run ${run.path}\` makes it`,
      );
    const folder = names === undefined ? null : `predictions/${kind}-${key.slice(0, 12)}`;
    for (const name of names ?? []) predictions.set(`${folder}/${name}`, join(artifact!.dir, name));
    return packagedStage(tracker, run, stage, artifact, folder);
  });
  const made = new Set(records.map(({ key }) => key));
  const read = new Set(records.flatMap(({ inputs }) => Object.values(inputs)).filter((key) => !made.has(key)));
  const { id, experiment, title, status, startedMs, endedMs, hash, trials, resolved } = run;
  return {
    predictions,
    source: {
      run: {
        version: 1,
        ...about,
        ...{ run: id, experiment, title, status },
        started: time(startedMs),
        ended: endedMs === null ? null : time(endedMs),
        ...{ hash, trials, resolved },
        imports: tracker.listImports(experiment),
      },
      stages: { stages, inputs: [...read].sort().map((key) => ({ key, files: artifactOf(key)?.files ?? [] })) },
      environment: { versions: run.versions, machine: run.machine, workers: workersOf(tracker, run.id) },
    },
  };
}

function packagedStage(
  tracker: Tracker,
  run: RunRecord,
  stage: RunStageRecord,
  artifact: ReturnType<GatherOptions['artifactOf']>,
  folder: string | null,
): PackagedStage {
  const { key, kind, status, execution, firstRunId, startedMs, endedMs, trials, numItems, result, config, inputs } =
    stage;
  const ingredients = (artifact?.ingredients ?? null) as Ingredients | null;
  return {
    ...{ key, kind, label: stageLabel(stage, run.trials), status, execution, firstRun: firstRunId },
    started: startedMs === null ? null : time(startedMs),
    ended: endedMs === null ? null : time(endedMs),
    ...{ trials, numItems, ingredients },
    ...(ingredients === null && { known: { config, inputs } }),
    ...{ result, files: status === 'succeeded' ? tracker.listArtifacts(key) : [], folder },
  };
}

/** Roles, threads, cores and GPUs; no names of hosts. */
function workersOf(tracker: Tracker, runId: string): Json[] {
  const facts = tracker
    .listWorkers(runId)
    .map(({ role, threads, numCores, numGpus }) => canonicalJson({ role, threads, numCores, numGpus }));
  return [...new Set(facts)].sort().map((text) => JSON.parse(text) as Json);
}

const time = (ms: number): string => new Date(ms).toISOString();
