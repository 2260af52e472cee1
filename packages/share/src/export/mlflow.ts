// MLflow's file store (`mlruns`): one experiment named after the run, one MLflow run a trial. MLflow 3 reads it with
// MLFLOW_ALLOW_FILE_STORE=true, and `mlflow migrate-filestore` turns it into a database whole.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { canonicalJson, sha256, writeFileAtomic, type Json, type Status } from '@calm-orch/core';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { exportedTrials, pointsOf, type ExportedTrial } from './exported-run.ts';

/** Numbers of mlflow.entities.RunStatus. */
const statusNumbers: Readonly<Record<Status, number>> = {
  running: 1,
  queued: 2,
  succeeded: 3,
  failed: 4,
  cancelled: 5,
};
const sourceTypeLocal = 4;

/** @param place Where `dir` will lie in the end: MLflow writes folders' absolute addresses down. @returns Points written. */
export function writeMlflow(dir: string, place: string, tracker: Tracker, run: RunRecord): number {
  const experimentId = BigInt(`0x${sha256(`${run.id} ${run.startedMs}`).slice(0, 14)}`).toString();
  const address = (...path: string[]): string => pathToFileURL(join(place, ...path)).href;
  const writeExperiment = (id: string, name: string): void =>
    writeYaml(join(dir, id), {
      artifact_location: address(id),
      creation_time: run.startedMs,
      experiment_id: id,
      last_update_time: run.endedMs ?? run.startedMs,
      lifecycle_stage: 'active',
      name,
    });
  // It makes one of its own where there is none.
  writeExperiment('0', 'Default');
  writeExperiment(experimentId, run.id);
  writeTags(join(dir, experimentId), new Map([['mlflow.note.content', run.title]]));
  let numPoints = 0;
  for (const trial of exportedTrials(tracker, run)) {
    const id = sha256(`${run.id} ${run.startedMs} ${trial.name}`).slice(0, 32);
    const folder = join(dir, experimentId, id);
    writeRun(folder, trial, { id, experimentId, artifacts: address(experimentId, id, 'artifacts') });
    const lines = new Map<string, string[]>();
    const log = (name: string, atMs: number, value: number, step: number): void => {
      const own = lines.get(name) ?? [];
      lines.set(name, own);
      own.push(`${atMs} ${pythonNumber(value)} ${step}\n`);
    };
    for (const { curve, step, value, atMs } of pointsOf(tracker, run, trial)) {
      log(metricName(curve), atMs, value, step);
      numPoints++;
    }
    for (const [name, value] of trial.metrics)
      log(metricName(name), trial.endedMs ?? trial.startedMs, value ?? Number.NaN, 0);
    for (const [name, own] of lines) writeFileAtomic(join(folder, 'metrics', name), own.join(''));
  }
  return numPoints;
}

function writeRun(
  folder: string,
  { name, status, startedMs, endedMs, parameters, tags }: ExportedTrial,
  { id, experimentId, artifacts }: { readonly id: string; readonly experimentId: string; readonly artifacts: string },
): void {
  writeYaml(folder, {
    artifact_uri: artifacts,
    end_time: endedMs,
    entry_point_name: '',
    experiment_id: experimentId,
    lifecycle_stage: 'active',
    run_id: id,
    run_name: name,
    source_name: '',
    source_type: sourceTypeLocal,
    source_version: '',
    start_time: startedMs,
    status: statusNumbers[status],
    tags: [],
    user_id: 'calm-orch',
  });
  for (const [key, value] of parameters) writeFileAtomic(join(folder, 'params', metricName(key)), parameterText(value));
  const commit = tags.get('commit');
  writeTags(
    folder,
    new Map([
      ['mlflow.runName', name],
      ['mlflow.source.name', 'calm-orch'],
      ['mlflow.source.type', 'LOCAL'],
      ['mlflow.user', 'calm-orch'],
      ...(commit === undefined ? [] : [['mlflow.source.git.commit', commit] as const]),
      ...[...tags].map(([key, value]) => [`calm_orch.${key}`, value] as const),
    ]),
  );
}

function writeTags(folder: string, tags: ReadonlyMap<string, string>): void {
  for (const [key, value] of tags) writeFileAtomic(join(folder, 'tags', key), value);
}

/** JSON is YAML. */
function writeYaml(folder: string, value: Json): void {
  writeFileAtomic(join(folder, 'meta.yaml'), `${JSON.stringify(value, null, 1)}\n`);
}

/** As `float()` reads it. */
const pythonNumber = (value: number): string => (Number.isFinite(value) ? String(value) : String(value).toLowerCase());

const parameterText = (value: Json): string => (typeof value === 'string' ? value : canonicalJson(value));

/** MLflow's names hold these characters alone. */
const metricName = (name: string): string => name.replaceAll(/[^\w\-./ :]/g, '_');
