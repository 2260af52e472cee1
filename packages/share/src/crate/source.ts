// What a package records of a run: everything else in it is made of this and of the predictions, so that whoever has these
// can make the rest again and compare.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, parseJson, type Json, type StageResult, type Status } from '@calm-orch/core';
import type { ArtifactFile, Execution, ImportRecord, TrialRecord, TrialRef } from '@calm-orch/tracker';

/** run.json. */
export interface PackagedRun {
  /** Of this format. */
  readonly version: 1;
  /** The program that has written the package. */
  readonly program: string;
  /** When, and by whom and under which licence (SPDX) it is passed on. */
  readonly packaged: string;
  readonly authors: readonly string[];
  readonly license: string;
  readonly run: string;
  readonly experiment: string;
  readonly title: string;
  /** The experiment's file: of one that comes with calm-orch its place there, else its name. */
  readonly file: string;
  /** What makes the run again. */
  readonly command: string;
  /** Why that may give something else; null: it does not. */
  readonly caveat: string | null;
  readonly status: Status;
  readonly started: string;
  readonly ended: string | null;
  /** Of configuration, rows and seeds. */
  readonly hash: string;
  readonly trials: readonly TrialRecord[];
  readonly resolved: Json;
  /** Rows of other people's outputs: their numbers are recorded, the outputs are not here. */
  readonly imports: readonly ImportRecord[];
}

/** A member of stages.json. */
export interface PackagedStage {
  readonly key: string;
  readonly kind: string;
  readonly label: string;
  readonly status: Status;
  readonly execution: Execution;
  readonly firstRun: string;
  readonly started: string | null;
  readonly ended: string | null;
  readonly trials: readonly TrialRef[];
  readonly numItems: number;
  /** What was hashed into the key; null: its artifact is gone, and with it what code and engine made it. */
  readonly ingredients: Ingredients | null;
  /** Where `ingredients` are null: what the tracker knows of them. */
  readonly known?: Pick<Ingredients, 'config' | 'inputs'>;
  readonly result: StageResult | null;
  /** Of its artifact. */
  readonly files: readonly ArtifactFile[];
  /** Where what it predicted lies in the package; null: nowhere. */
  readonly folder: string | null;
}

export interface Ingredients {
  readonly kind: string;
  readonly config: Json;
  readonly inputs: Readonly<Record<string, string>>;
  readonly code: string;
  readonly files: Json;
  readonly engine: Json;
}

/** An artifact that stages read and none has made, such as a checkpoint. */
export interface PackagedInput {
  readonly key: string;
  readonly files: readonly ArtifactFile[];
}

/** stages.json. */
export interface PackagedStages {
  readonly stages: readonly PackagedStage[];
  readonly inputs: readonly PackagedInput[];
}

/** environment.json: what the run was computed with. */
export interface Environment {
  readonly versions: Json;
  readonly machine: Json;
  /** Kinds of workers, each once. */
  readonly workers: readonly Json[];
}

export interface Source {
  readonly run: PackagedRun;
  readonly stages: PackagedStages;
  readonly environment: Environment;
}

export const sourceFiles = { run: 'run.json', stages: 'stages.json', environment: 'environment.json' } as const;
export const sbomFile = 'sbom.cdx.json';
export const sumsFile = 'SHA256SUMS';
export const metadataFile = 'ro-crate-metadata.json';
export const workflowFile = 'configuration.yaml';
/** Folder of the experiment's file and those it names, as they lie beside one another. */
export const experimentFolder = 'experiment';

export const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

/** @throws CalmError `bad_data` */
export function readSource(dir: string): Source {
  const read = <T>(name: string, isWhole: (value: Partial<T>) => boolean): T => {
    const value = parseJson(readFileSync(join(dir, name), 'utf8'), name) as Partial<T> | null;
    if (value === null || typeof value !== 'object' || !isWhole(value))
      throw new CalmError('bad_data', `${name}: this is not what \`calm-orch package\` writes`);
    return value as T;
  };
  const run = read<PackagedRun>(
    sourceFiles.run,
    (one) => Array.isArray(one.trials) && typeof one.resolved === 'object',
  );
  if (run.version !== 1)
    throw new CalmError(
      'bad_data',
      `run.json: format ${String(run.version)} is not known; expected 1 (a newer calm-orch wrote it?)`,
    );
  return {
    run,
    stages: read<PackagedStages>(sourceFiles.stages, (one) => Array.isArray(one.stages) && Array.isArray(one.inputs)),
    environment: read<Environment>(sourceFiles.environment, (one) => Array.isArray(one.workers)),
  };
}
